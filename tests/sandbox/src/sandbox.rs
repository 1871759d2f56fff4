//! Both simulated systems, served on the loopback interface.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::header::DATE;
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::response::Response;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::controls::Panel;
use crate::faults::Faults;
use crate::front::{Front, FrontLimits};
use crate::journal::{Journal, RequestLog, Span, System, Traffic};
use crate::ping::{Ping, PingOptions};
use crate::primero::{FormSet, Primero, PrimeroOptions, ReleaseLine, Role, User};
use crate::wire::{Wire, watch as watch_requests};

/// How to start a [`Sandbox`]. The default serves both systems on free ports, without faults or a log, and
/// gives Primero the forms of the referral exchange.
pub struct SandboxOptions {
    /// The simulated PING.
    pub ping: PingOptions,
    /// The simulated Primero.
    pub primero: PrimeroOptions,
    /// PING's port on the loopback interface; absent = any free one.
    pub ping_port: Option<u16>,
    /// Primero's port on the loopback interface; absent = any free one.
    pub primero_port: Option<u16>,
    /// Decides the chances of faults.
    pub fault_seed: u64,
    /// Where PING's request lines go; absent = nowhere.
    pub ping_log: Option<RequestLog>,
    /// Where Primero's request lines go; absent = nowhere.
    pub primero_log: Option<RequestLog>,
    /// What stands before Primero lets so much through; by default as much as its own nginx.
    pub primero_limits: FrontLimits,
    /// Both servers also answer `GET /__state` and `POST /__control`, which count as no request.
    pub controls: bool,
}

impl Default for SandboxOptions {
    fn default() -> Self {
        Self {
            ping: PingOptions::default(),
            primero: PrimeroOptions {
                forms: FormSet::Exchange,
                ..PrimeroOptions::default()
            },
            ping_port: None,
            primero_port: None,
            fault_seed: 0,
            ping_log: None,
            primero_log: None,
            primero_limits: FrontLimits::NGINX,
            controls: false,
        }
    }
}

/// The two simulated systems, running until this value is dropped.
pub struct Sandbox {
    /// The simulated PING: what it holds, and its controls.
    pub ping: Ping,
    /// The simulated Primero: what it holds, and its controls.
    pub primero: Primero,
    ping_address: SocketAddr,
    primero_address: SocketAddr,
    ping_wire: Arc<Wire>,
    primero_wire: Arc<Wire>,
    /// Whom the bridge signs in to Primero as.
    api_user: User,
    /// Dropping it tells both servers to stop.
    _running: watch::Sender<()>,
}

impl Sandbox {
    /// Starts both systems on the current runtime. An error where a port is taken, or where no user of
    /// Primero may use all of its API.
    pub async fn start(options: SandboxOptions) -> io::Result<Self> {
        let api_user = api_user(&options.primero.users)
            .ok_or_else(|| io::Error::other("no enabled user has the role IntegrationApi"))?;
        let ping = Ping::new(options.ping);
        let primero = Primero::new(options.primero);
        let ping_listener = listen(options.ping_port).await?;
        let primero_listener = listen(options.primero_port).await?;
        let ping_address = ping_listener.local_addr()?;
        let primero_address = primero_listener.local_addr()?;
        let wire = |system, seed, log, limits| {
            Arc::new(Wire {
                system,
                journal: Journal::logging_to(log),
                faults: Faults::seeded(seed),
                front: Front::with(limits),
                late: Mutex::default(),
            })
        };
        let ping_wire = wire(
            System::Ping,
            options.fault_seed,
            options.ping_log,
            FrontLimits::NONE,
        );
        let primero_wire = wire(
            System::Primero,
            options.fault_seed.wrapping_add(1),
            options.primero_log,
            options.primero_limits,
        );

        let watched = |router: Router, wire: &Arc<Wire>| {
            router.layer(from_fn_with_state(Arc::clone(wire), watch_requests))
        };
        let mut ping_app = watched(ping.router(), &ping_wire);
        let mut primero_app = watched(primero.router(), &primero_wire)
            .layer(map_response_with_state(primero.clone(), dated));
        if options.controls {
            let panel = Panel {
                ping: ping.clone(),
                primero: primero.clone(),
                ping_wire: Arc::clone(&ping_wire),
                primero_wire: Arc::clone(&primero_wire),
            };
            ping_app = ping_app.merge(panel.router());
            primero_app = primero_app.merge(panel.router());
        }
        let (running, _) = watch::channel(());
        serve(ping_listener, ping_app, true, &running);
        serve(primero_listener, primero_app, false, &running);
        Ok(Self {
            ping,
            primero,
            ping_address,
            primero_address,
            ping_wire,
            primero_wire,
            api_user,
            _running: running,
        })
    }

    /// `http://127.0.0.1:PORT` of the simulated PING.
    #[must_use]
    pub fn ping_url(&self) -> String {
        format!("http://{}", self.ping_address)
    }

    /// `http://127.0.0.1:PORT` of the simulated Primero.
    #[must_use]
    pub fn primero_url(&self) -> String {
        format!("http://{}", self.primero_address)
    }

    /// Addresses and credentials in the shape of the bridge's secrets, without the ledger's key:
    /// `{"ping": {base_url, token_url, …}, "primero": {url, auth, username, password}}`.
    #[must_use]
    pub fn secrets(&self) -> Value {
        let base_url = self.ping_url();
        let ping = self.ping.options();
        let auth = match self.primero.release() {
            ReleaseLine::Older => "token",
            ReleaseLine::A | ReleaseLine::Between | ReleaseLine::B => "basic",
        };
        json!({
            "ping": {
                "base_url": base_url,
                "token_url": format!("{base_url}{}", ping.token_path),
                "client_id": ping.client_id,
                "username": ping.username,
                "password": ping.password,
                "scope": ping.scope,
                "subscription_key": ping.subscription_key,
            },
            "primero": {
                "url": self.primero_url(),
                "auth": auth,
                "username": self.api_user.user_name,
                "password": self.api_user.password,
            },
        })
    }

    /// What both systems saw so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic {
            ping: self.ping_wire.journal.counts(),
            primero: self.primero_wire.journal.counts(),
        }
    }

    /// Carries out the requests of one system that [`crate::faults::Fault::LateEffect`] kept, in the order in
    /// which they came; answers how many. So a write can overtake an earlier one.
    pub async fn carry_out_late(&self, system: System) -> usize {
        match system {
            System::Ping => self.ping_wire.carry_out_late().await,
            System::Primero => self.primero_wire.carry_out_late().await,
        }
    }

    /// Counts traffic and time from zero, so that one of several runs can be measured.
    pub fn forget_traffic(&self) {
        self.ping_wire.journal.forget();
        self.primero_wire.journal.forget();
    }

    /// From the arrival of the first request to the end of the last, over both systems; absent before the first.
    #[must_use]
    pub fn busy_for(&self) -> Option<Duration> {
        let spans = [
            self.ping_wire.journal.span(),
            self.primero_wire.journal.span(),
        ];
        let whole = spans.into_iter().flatten().reduce(Span::and)?;
        Some(whole.last - whole.first)
    }

    /// The switchboard of one system's faults.
    #[must_use]
    pub fn faults(&self, system: System) -> &Faults {
        match system {
            System::Ping => &self.ping_wire.faults,
            System::Primero => &self.primero_wire.faults,
        }
    }
}

async fn listen(port: Option<u16>) -> io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0))).await
}

/// What faults and the front answer has the time of the system, too.
async fn dated(State(primero): State<Primero>, mut response: Response) -> Response {
    if !response.headers().contains_key(DATE) {
        primero.date(&mut response);
    }
    response
}

/// The last one that may use the whole API: those of the recordings come first, the bridge's own last.
fn api_user(users: &[User]) -> Option<User> {
    let able = |user: &&User| user.role == Role::IntegrationApi && !user.disabled;
    users.iter().rfind(able).cloned()
}

/// With `dates` every answer gets a `Date`; without, only those on which the system wrote one itself.
fn serve(listener: TcpListener, app: Router, dates: bool, running: &watch::Sender<()>) {
    let mut stopped = running.subscribe();
    let running = running.subscribe();
    tokio::spawn(async move {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                // An error means that the sender is gone, which is the signal.
                Err(_) = stopped.changed() => return,
            };
            // An accept that failed is the client's loss.
            if let Ok((stream, _)) = accepted {
                tokio::spawn(serve_one(stream, app.clone(), dates, running.clone()));
            }
        }
    });
}

/// One connection. `axum::serve` would always see to a `Date`.
async fn serve_one(stream: TcpStream, app: Router, dates: bool, mut running: watch::Receiver<()>) {
    let service = TowerToHyperService::new(app);
    let mut server = http1::Builder::new();
    let connection = server
        .auto_date_header(dates)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // A connection that breaks is the client's loss, too.
    tokio::select! {
        _ = connection.as_mut() => {}
        Err(_) = running.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}
