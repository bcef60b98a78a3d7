//! What a call costs of Discord's rate limits, and how long it would take at them now.

use model::{Principal, Request, forecast::Forecast};

use crate::{
    Gate,
    answer::Cost,
    case::{Case, errand},
};

impl Gate {
    /// How long these requests would take, one after the other, for this caller at Discord's limits
    /// as they are now. `None` where hands know of no limits. Nothing is sent or counted.
    pub fn forecast(
        &self,
        principal: &Principal,
        agent: Option<&str>,
        requests: &[&Request],
    ) -> Option<Forecast> {
        let lane = errand(principal, agent).lane;
        self.0.hands.forecast(requests, &lane)
    }

    /// What a call costs that sends this request after some reads.
    pub(crate) fn cost(&self, case: &Case, request: &Request, reads: &[&Request]) -> Cost {
        let mut all = reads.to_vec();
        all.push(request);
        let forecast = self.forecast(&case.principal, case.agent.as_deref(), &all);
        let mut note = match reads.len() {
            0 => "one request against this route's limit".to_owned(),
            1 => "one request against this route's limit, after one read".to_owned(),
            reads => format!("one request against this route's limit, after {reads} reads"),
        };
        if let Some(forecast) = &forecast {
            note = format!("{note}; {forecast}");
        }
        Cost {
            route: format!("{} {}", request.method.as_str(), request.path.template),
            note,
            requests: all.len(),
            forecast,
        }
    }
}

/// A tool whose requests are calls of their own, or none.
pub(crate) fn free() -> Cost {
    Cost {
        route: "none".to_owned(),
        note: "each step is judged and counted as a call of its own".to_owned(),
        requests: 0,
        forecast: None,
    }
}
