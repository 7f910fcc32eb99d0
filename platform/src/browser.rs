//! A browser: what learners and authors do, with the patience and the retries of a decent client.

use crate::bounds;
use crate::parts::{Http, NoAnswer, Place};
use crate::trace::{Context, TRACEPARENT, Traces};
use bytes::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use hyper::{Method, Request, Response, StatusCode};
use std::sync::Arc;
use std::time::Duration;

/// The wait before the second attempt; it doubles before each further one.
const BACKOFF: Duration = Duration::from_millis(200);

/// A browser. Clones share nothing but the door.
#[derive(Clone)]
pub struct Browser {
    door: Arc<dyn Http>,
    /// Authors work behind the edge, as editors' tools do, so the edge does not see a change.
    behind: Arc<dyn Http>,
    traces: Traces,
    device: u64,
}

/// What a person did, and what came of it.
#[derive(Clone, Debug)]
pub struct Visit {
    /// The last answer, if there was one.
    pub answer: Option<Response<Bytes>>,
    /// How often it was tried.
    pub attempts: u32,
    /// Its trace.
    pub trace: u128,
    /// What the person now knows.
    pub end: End,
}

/// How it ended for the person.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// As wanted.
    Done,
    /// Somebody else was faster, or the request was wrong.
    Refused,
    /// Not done.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl Browser {
    pub(crate) fn new(door: Arc<dyn Http>, behind: Arc<dyn Http>, traces: Traces) -> Self {
        Self {
            door,
            behind,
            traces,
            device: 0,
        }
    }

    /// The same, as another of the learner's devices.
    #[must_use]
    pub fn on(&self, device: u64) -> Self {
        Self {
            device,
            ..self.clone()
        }
    }

    /// Completes a lesson: looks at it, and writes on top of what it saw.
    pub async fn complete(&self, learner: u64, lesson: u64, idempotency_key: &str) -> Visit {
        let context = self.traces.begin();
        let look = self
            .ask(
                context,
                get(
                    &format!("/learners/{learner}/lessons/{lesson}"),
                    Some(learner),
                ),
            )
            .await;
        let seen = match &look {
            Ok(answer) if answer.status() == StatusCode::OK => version_in(answer),
            _ => None,
        };
        let Some(seen) = seen else {
            return visit(context, 1, look, true);
        };
        self.complete_on(context, learner, lesson, seen, idempotency_key)
            .await
    }

    /// Completes a lesson on top of version `seen`; 0 if it was not begun.
    pub async fn complete_seen(
        &self,
        learner: u64,
        lesson: u64,
        seen: u64,
        idempotency_key: &str,
    ) -> Visit {
        let context = self.traces.begin();
        self.complete_on(context, learner, lesson, seen, idempotency_key)
            .await
    }

    async fn complete_on(
        &self,
        context: Context,
        learner: u64,
        lesson: u64,
        seen: u64,
        idempotency_key: &str,
    ) -> Visit {
        let mut attempts = 0;
        let mut doubt = false;
        loop {
            attempts += 1;
            let request = completion(learner, lesson, seen, idempotency_key);
            let answer = self.ask(context, request).await;
            let mut visit = visit(context, attempts, answer, false);
            doubt |= visit.end == End::Unknown;
            if matches!(visit.end, End::Done | End::Refused) {
                return visit;
            }
            if attempts == bounds::ATTEMPTS {
                // What one attempt left open, no later refusal to try closes.
                if doubt {
                    visit.end = End::Unknown;
                }
                return visit;
            }
            tokio::time::sleep(BACKOFF * 2u32.pow(attempts - 1)).await;
        }
    }

    /// Opens a lesson, and completes it on top of what it saw after `wait`.
    pub async fn complete_later(
        &self,
        learner: u64,
        lesson: u64,
        wait: Duration,
        idempotency_key: &str,
    ) -> Visit {
        let look = self.open(learner, lesson).await;
        let Some(seen) = seen(&look) else {
            return look;
        };
        tokio::time::sleep(wait).await;
        self.complete_seen(learner, lesson, seen, idempotency_key)
            .await
    }

    /// Completes a lesson on two devices that have seen the same.
    pub async fn race(&self, learner: u64, lesson: u64, idempotency_key: &str) -> Visit {
        let look = self.open(learner, lesson).await;
        let Some(seen) = seen(&look) else {
            return look;
        };
        let (one, other) = (
            format!("{idempotency_key}-a"),
            format!("{idempotency_key}-b"),
        );
        let (first, second) = tokio::join!(
            self.complete_seen(learner, lesson, seen, &one),
            self.complete_seen(learner, lesson, seen, &other)
        );
        if first.end == End::Done {
            first
        } else {
            second
        }
    }

    /// Completes a lesson, sends the same command again, and then another one under its key.
    pub async fn again(&self, learner: u64, lesson: u64, idempotency_key: &str) -> Visit {
        let look = self.open(learner, lesson).await;
        let Some(seen) = seen(&look) else {
            return look;
        };
        let visit = self
            .complete_seen(learner, lesson, seen, idempotency_key)
            .await;
        let _ = self
            .complete_seen(learner, lesson, seen, idempotency_key)
            .await;
        let _ = self
            .complete_seen(learner, lesson, seen + 7, idempotency_key)
            .await;
        visit
    }

    async fn open(&self, learner: u64, lesson: u64) -> Visit {
        let path = format!("/learners/{learner}/lessons/{lesson}");
        self.look(get(&path, Some(learner))).await
    }

    /// Looks at all lessons.
    pub async fn progress(&self, learner: u64) -> Visit {
        self.look(get("/me/progress", Some(learner))).await
    }

    /// Looks at a course.
    pub async fn course(&self, course: u64) -> Visit {
        self.look(get(&format!("/courses/{course}"), None)).await
    }

    /// Looks at a course and gets the asset that it names.
    pub async fn course_with_asset(&self, course: u64) -> Visit {
        let page = self.course(course).await;
        let asset = page.answer.as_ref().and_then(|answer| {
            let page: serde_json::Value = serde_json::from_slice(answer.body()).ok()?;
            Some(page.get("asset")?.as_str()?.to_owned())
        });
        if let Some(asset) = asset {
            let context = Context {
                trace: page.trace,
                span: 1,
            };
            let _ = self.ask(context, get(&asset, None)).await;
        }
        page
    }

    /// Looks at the dashboard.
    pub async fn dashboard(&self) -> Visit {
        self.look(get("/dashboard", None)).await
    }

    /// Publishes a course with a new asset, behind the edge.
    pub async fn publish(&self, course: u64) -> Visit {
        let request = publication(course);
        let context = self.traces.begin();
        let answer = context.scope(self.behind.call(request)).await;
        visit(context, 1, answer, false)
    }

    async fn look(&self, request: Request<Bytes>) -> Visit {
        let context = self.traces.begin();
        let answer = self.ask(context, request).await;
        visit(context, 1, answer, true)
    }

    async fn ask(
        &self,
        context: Context,
        mut request: Request<Bytes>,
    ) -> Result<Response<Bytes>, NoAnswer> {
        request.headers_mut().insert(TRACEPARENT, context.header());
        request.headers_mut().insert("device", self.device.into());
        let name = format!("{} {}", request.method(), request.uri().path());
        let call = async {
            let call = self.door.call(request);
            tokio::time::timeout(bounds::BROWSER_TIMEOUT, call)
                .await
                .unwrap_or(Err(NoAnswer::Lost))
        };
        let step = self.traces.step(
            Place::Edge,
            || name,
            call,
            |answer| match answer {
                Ok(answer) => {
                    let header = |name| answer.headers().get(name)?.to_str().ok();
                    let from = header("cache-status").map_or(String::new(), |from| {
                        format!(", {}", from.trim_start_matches("edge; "))
                    });
                    let age = header("age").map_or(String::new(), |age| format!(", {age} s old"));
                    format!("{}{from}{age}", answer.status().as_u16())
                }
                Err(error) => error.to_string(),
            },
        );
        context.scope(step).await
    }
}

fn get(path: &str, learner: Option<u64>) -> Request<Bytes> {
    let mut request = Request::builder().uri(path);
    if let Some(learner) = learner {
        request = request.header(AUTHORIZATION, format!("Learner {learner}"));
    }
    request.body(Bytes::new()).expect("it is well-formed")
}

fn publication(course: u64) -> Request<Bytes> {
    let request = Request::builder()
        .method(Method::PUT)
        .uri(format!("/courses/{course}"))
        .header(AUTHORIZATION, "Author");
    request.body(Bytes::new()).expect("it is well-formed")
}

fn completion(learner: u64, lesson: u64, seen: u64, idempotency_key: &str) -> Request<Bytes> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("/learners/{learner}/lessons/{lesson}/completion"))
        .header(AUTHORIZATION, format!("Learner {learner}"))
        .header("idempotency-key", idempotency_key)
        .header(CONTENT_TYPE, "application/json");
    let request = if seen == 0 {
        request.header(IF_NONE_MATCH, "*")
    } else {
        request.header(IF_MATCH, format!("\"{seen}\""))
    };
    let body = Bytes::from_static(b"{\"steps_done\":5}");
    request.body(body).expect("it is well-formed")
}

pub(crate) fn version_in(answer: &Response<Bytes>) -> Option<u64> {
    let tag = answer.headers().get(ETAG)?.to_str().ok()?;
    tag.trim_matches('"').parse().ok()
}

/// The version that a look has shown; 0 if the lesson was not begun.
fn seen(look: &Visit) -> Option<u64> {
    let answer = look.answer.as_ref().filter(|_| look.end == End::Done);
    answer.and_then(version_in)
}

/// What a person may conclude. Only an answer that says so means "not done".
fn visit(
    context: Context,
    attempts: u32,
    answer: Result<Response<Bytes>, NoAnswer>,
    only_looks: bool,
) -> Visit {
    let end = match &answer {
        Ok(answer)
            if answer.status().is_success() || answer.status() == StatusCode::NOT_MODIFIED =>
        {
            End::Done
        }
        Ok(answer) if answer.status().is_client_error() => End::Refused,
        _ if only_looks => End::Failed,
        Ok(answer) if says_not_done(answer) => End::Failed,
        Err(NoAnswer::Absent) => End::Failed,
        _ => End::Unknown,
    };
    Visit {
        answer: answer.ok(),
        attempts,
        trace: context.trace,
        end,
    }
}

fn says_not_done(answer: &Response<Bytes>) -> bool {
    let body: Option<serde_json::Value> = serde_json::from_slice(answer.body()).ok();
    body.is_some_and(|body| {
        body.get("outcome")
            .is_some_and(|outcome| outcome == "not-done")
    })
}
