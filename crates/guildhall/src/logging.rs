//! Logs go to standard error, because standard output belongs to MCP.

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::LogFormat;

/// Libraries that log bodies, arguments or three lines for each request are kept down, whatever
/// the operator's filter says: secrets and people's words do not travel into logs.
const CAPS: [&str; 6] = [
    "rmcp=error",
    "hyper=warn",
    "reqwest=warn",
    "sqlx=warn",
    "twilight_gateway=warn",
    "h2=warn",
];

/// Whether a part of the operator's filter speaks of a library that is kept down.
fn is_capped(part: &str) -> bool {
    let target = part.trim();
    CAPS.iter()
        .filter_map(|cap| cap.split('=').next())
        .any(|library| target.starts_with(library))
}

/// Install the logger once, for the life of the process.
pub(crate) fn install(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let wanted: Vec<&str> = filter.split(',').filter(|part| !is_capped(part)).collect();
    let mut filter = EnvFilter::try_new(wanted.join(","))
        .map_err(|error| anyhow::anyhow!("log filter \"{filter}\" cannot be read: {error}"))?;
    for cap in CAPS {
        filter = filter.add_directive(cap.parse().expect("the caps are valid directives"));
    }
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        LogFormat::Text => registry
            .with(
                fmt::layer()
                    .with_writer(std::io::stderr)
                    .with_ansi(false)
                    .with_target(true),
            )
            .try_init()?,
        LogFormat::Json => {
            registry
                .with(fmt::layer().json().with_writer(std::io::stderr))
                .try_init()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_that_log_bodies_stay_quiet_whatever_is_asked_for() {
        for part in [
            "rmcp=trace",
            "rmcp::service=trace",
            " hyper::proto=debug",
            "sqlx",
        ] {
            assert!(is_capped(part), "{part}");
        }
        for part in ["info", "discord=debug", "gate::write=trace"] {
            assert!(!is_capped(part), "{part}");
        }
    }
}
