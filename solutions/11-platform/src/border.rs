//! The edge: lab 7's, as a server of its own.
//!
//! With a folder it listens on loopback like any other server, and the door asks it over HTTP. In memory
//! the same edge is called as a function, so one thread and a paused clock are enough.

use edge::edge::Edge;
use edge::settings::Settings;
use platform::bounds;
use platform::doubles::bad_gateway;
use platform::http::Loopback;
use platform::parts::{Fut, Http, NoAnswer, NotStarted, Part};
use platform::stage::Ground;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use web::http::{Request as HttpRequest, Response as HttpResponse};
use web::{Body, Bytes, Clock, Origin, OriginError, Read, Request, Response};
use web_server::Limits;

/// How much of an answer the edge reads for the client that asked.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// The way to the API, as the edge needs it.
#[derive(Clone)]
struct ByTheWay(Arc<dyn Http>);

impl Origin for ByTheWay {
    async fn fetch(&self, request: Request) -> Result<Response, OriginError> {
        let wrote = !request.method().is_safe();
        match self.0.call(request).await {
            Ok(answer) => Ok(answer.map(Body::from)),
            // An edge's own error is a text for people. A browser has to know whether its command may
            // have been done, so a write is answered in the API's own form.
            Err(why) if wrote => Ok(bad_gateway(why).map(Body::from)),
            Err(NoAnswer::Absent) => Err(OriginError::Unreachable),
            Err(NoAnswer::Lost) => Err(OriginError::Lost),
            Err(NoAnswer::Shed) => Err(OriginError::Busy),
        }
    }
}

/// Lab 7's edge, up or down.
pub(crate) struct Border {
    origin: ByTheWay,
    clock: Clock,
    sockets: bool,
    up: Mutex<Option<Up>>,
}

#[derive(Clone)]
enum Up {
    InProcess(Edge<ByTheWay>),
    Listening {
        way: Loopback,
        server: Arc<JoinHandle<()>>,
    },
}

impl Border {
    pub(crate) fn new(origin: Arc<dyn Http>, ground: &Ground) -> Result<Self, NotStarted> {
        let sockets = matches!(ground, Ground::Folder(_));
        let border = Self {
            origin: ByTheWay(origin),
            clock: if sockets {
                Clock::system()
            } else {
                Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000))
            },
            sockets,
            up: Mutex::new(None),
        };
        border.open()?;
        Ok(border)
    }

    /// An empty edge: its memory is lost with it.
    fn open(&self) -> Result<(), NotStarted> {
        let settings = Settings {
            origin_timeout: bounds::BROWSER_TIMEOUT,
            ..Settings::default()
        };
        let edge = Edge::new(self.origin.clone(), settings, self.clock);
        let up = if self.sockets {
            let (listener, address) = listener().map_err(|error| {
                NotStarted(format!("the edge cannot listen on loopback: {error}"))
            })?;
            let handler = move |request: Request| {
                let edge = edge.clone();
                async move { edge.handle(request).await }
            };
            let serving =
                web_server::serve(listener, Limits::default(), handler, std::future::pending());
            Up::Listening {
                way: Loopback::new(address),
                server: Arc::new(tokio::spawn(serving)),
            }
        } else {
            Up::InProcess(edge)
        };
        *self.up.lock().unwrap_or_else(PoisonError::into_inner) = Some(up);
        Ok(())
    }
}

fn listener() -> std::io::Result<(TcpListener, SocketAddr)> {
    let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((TcpListener::from_std(listener)?, address))
}

impl Part for Border {
    fn stop(&self) -> Fut<'_, ()> {
        let up = self
            .up
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(Up::Listening { server, .. }) = up {
            server.abort();
        }
        Box::pin(async {})
    }

    fn start(&self) -> Fut<'_, Result<(), NotStarted>> {
        Box::pin(async move { self.open() })
    }
}

impl Http for Border {
    fn call(&self, request: HttpRequest<Bytes>) -> Fut<'_, Result<HttpResponse<Bytes>, NoAnswer>> {
        let up = self
            .up
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        Box::pin(async move {
            match up {
                None => Err(NoAnswer::Absent),
                Some(Up::Listening { way, .. }) => way.call(request).await,
                Some(Up::InProcess(edge)) => {
                    let (head, body) = edge.handle(request).await.into_parts();
                    match body.within(MAX_ANSWER_BYTES).await {
                        Ok(Read::Whole(body)) => Ok(HttpResponse::from_parts(head, body)),
                        Ok(Read::Longer(_)) | Err(_) => Err(NoAnswer::Lost),
                    }
                }
            }
        })
    }
}
