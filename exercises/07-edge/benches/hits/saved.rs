//! A day's requests in a moment: how many reach the origin, and how many are served although the page
//! has changed.
//!
//! Time is virtual, so an hour takes only as long as its requests do; and every random number comes from
//! a fixed seed, so the counts are the same in every run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use edge::edge::Edge;
use edge::settings::Settings;
use ladder::child::{Probe, Seat};
use ladder::zipf;
use tokio::time::Instant;
use web::http::{HeaderValue, header};
use web::{Body, Bytes, Clock, Origin, OriginError, Read, Request, Response};

/// A catalogue of pages: some are requested all the time and most hardly ever.
const PAGES: u64 = 200;
const SKEW: f64 = 0.99;

/// This many requests arrive, evenly, at this rate.
const REQUESTS: usize = 40_000;
const EACH: Duration = Duration::from_millis(50);

/// Each page changes this often; not all at once.
const CHANGES: u64 = 600;

/// An origin whose pages contain their version.
#[derive(Clone)]
struct Changing {
    began: Instant,
    lifetime: u64,
    fetches: Arc<AtomicU64>,
}

impl Changing {
    fn version(&self, page: u64) -> u64 {
        let offset = page * CHANGES / PAGES;
        (self.began.elapsed().as_secs() + offset) / CHANGES
    }
}

impl Origin for Changing {
    async fn fetch(&self, request: Request) -> Result<Response, OriginError> {
        self.fetches.fetch_add(1, Ordering::Relaxed);
        let page = request.uri().path().trim_start_matches('/').parse();
        let body = self.version(page.unwrap_or(0)).to_string();
        let mut response = Response::new(Body::from(body));
        let lifetime = HeaderValue::from_str(&format!("max-age={}", self.lifetime));
        let lifetime = lifetime.map_err(|_| OriginError::Lost)?;
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, lifetime);
        Ok(response)
    }
}

/// Runs the requests; the place on the curve is the lifetime.
#[expect(
    clippy::unnecessary_wraps,
    reason = "all sides have one signature, and the ones with a connection can fail"
)]
pub fn run(seat: &Seat) -> Result<Probe, String> {
    let lifetime = seat.at;
    Ok(Box::new(move |mut slice| {
        let start = std::time::Instant::now();
        let (fetches, changed) = requests(lifetime)?;
        slice.keep_now(start.elapsed(), REQUESTS as u64);
        slice.count("requests", REQUESTS as u64);
        slice.count("fetches", fetches);
        slice.count("changed", changed);
        Ok(slice)
    }))
}

fn requests(lifetime: u64) -> Result<(u64, u64), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let origin = Changing {
            began: Instant::now(),
            lifetime,
            fetches: Arc::default(),
        };
        let clock = Clock::starting_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30));
        let edge = Edge::new(origin.clone(), Settings::default(), clock);
        let mut changed = 0;
        for page in zipf::draw(PAGES, SKEW, REQUESTS, 7) {
            let mut request = Request::new(Bytes::new());
            *request.uri_mut() = format!("/{page}").parse().expect("a path");
            let body = edge.handle(request).await.into_body().within(100).await;
            let Ok(Read::Whole(body)) = body else {
                return Err("a page did not arrive complete".to_owned());
            };
            changed += u64::from(body != origin.version(page).to_string());
            tokio::time::sleep(EACH).await;
        }
        Ok((origin.fetches.load(Ordering::Relaxed), changed))
    })
}
