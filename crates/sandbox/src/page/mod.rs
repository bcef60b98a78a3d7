//! The page at the sandbox's own address: people live in the simulated Discord by hand, and debug
//! bots. It is rendered on the server, works without its script, and decides nothing: it looks at
//! the world under one lock, and acts through the control API as any other person.

mod act;
mod assets;
mod debug;
mod guard;
mod html;
mod live;
mod markdown;
mod show;
mod traffic;
mod view;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use rand::RngCore;
use tokio_util::sync::CancellationToken;

pub(crate) use guard::refuse_strangers;

use crate::desk::Desk;
use live::Listeners;
use traffic::Traffic;

/// The largest form, in bytes: Discord's 25 MiB of files and a little text.
const MAX_FORM_BYTES: usize = 26 * 1024 * 1024;

/// What every part of the page needs.
pub(crate) struct Page {
    desk: Arc<Desk>,
    /// The control API, through which everything is done.
    control: Router,
    listeners: Arc<Listeners>,
    traffic: Arc<Traffic>,
    /// In every form: whoever cannot read the page cannot post to it.
    token: String,
    /// Where the server listens.
    listen: SocketAddr,
    /// Ends live streams when the sandbox stops.
    cancel: CancellationToken,
}

impl Page {
    /// Begins to listen to the world.
    pub(crate) fn new(
        desk: Arc<Desk>,
        control: Router,
        listen: SocketAddr,
        cancel: CancellationToken,
    ) -> Arc<Self> {
        let (listeners, traffic) = (Arc::<Listeners>::default(), Arc::<Traffic>::default());
        desk.shared.subscribe(Arc::clone(&listeners) as _);
        desk.shared.subscribe(Arc::clone(&traffic) as _);
        Arc::new(Self {
            desk,
            control,
            listeners,
            traffic,
            token: unguessable(),
            listen,
            cancel,
        })
    }
}

/// The page's routes.
pub(crate) fn router(page: &Arc<Page>) -> Router {
    Router::new()
        .route("/", get(show::welcome))
        .route("/assets/{name}", get(assets::serve))
        .route("/assets/roles/{guild}", get(assets::role_colours))
        .route("/as/{user}", get(show::home))
        .route("/as/{user}/guilds/{guild}", get(show::guild))
        .route("/as/{user}/channels/{channel}", get(show::channel))
        .route("/as/{user}/channels/{channel}/live", get(live::stream))
        .route("/as/{user}/do/{verb}", post(act::perform))
        .route("/debug", get(debug::show))
        .route("/debug/{verb}", post(debug::perform))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(from_fn_with_state(Arc::clone(page), guard::guard))
        .with_state(Arc::clone(page))
}

/// From the system's own randomness: the world's is seeded, and anyone can compute it.
fn unguessable() -> String {
    let mut bytes = [0_u8; 24];
    rand::rng().fill_bytes(&mut bytes);
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing into a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
