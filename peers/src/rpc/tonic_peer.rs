//! tonic, as gRPC over HTTP/2.
//!
//! The service is written by hand where `protoc` would generate it: the messages with prost's
//! derive, the server as the few lines of routing that generated code has. So nobody needs protoc.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures_util::stream;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::codegen::{BoxFuture, Service, http};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use super::same;

const METHOD: &str = "/course.Lessons/Progress";

/// A key, as protobuf has it.
#[derive(Clone, PartialEq, prost::Message)]
struct Question {
    #[prost(uint64, tag = "1")]
    learner: u64,
    #[prost(uint64, tag = "2")]
    lesson: u64,
}

/// A progress, as protobuf has it.
#[derive(Clone, PartialEq, prost::Message)]
struct Answer {
    #[prost(message, optional, tag = "1")]
    key: Option<Question>,
    #[prost(uint64, tag = "2")]
    version: u64,
    #[prost(uint32, tag = "3")]
    steps_done: u32,
    #[prost(bool, tag = "4")]
    completed: bool,
}

fn question() -> Question {
    Question {
        learner: same::KEY.learner.0,
        lesson: same::KEY.lesson.0,
    }
}

fn answer(key: Question) -> Answer {
    let progress = same::progress(same::KEY);
    Answer {
        key: Some(key),
        version: progress.version.0,
        steps_done: progress.steps_done,
        completed: progress.completed,
    }
}

#[derive(Clone)]
struct Lessons;

impl NamedService for Lessons {
    const NAME: &'static str = "course.Lessons";
}

impl UnaryService<Question> for Lessons {
    type Response = Answer;
    type Future = BoxFuture<Response<Answer>, Status>;

    fn call(&mut self, request: Request<Question>) -> Self::Future {
        Box::pin(async move { Ok(Response::new(answer(request.into_inner()))) })
    }
}

impl Service<http::Request<Body>> for Lessons {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            if request.uri().path() != METHOD {
                return Ok(Status::unimplemented("there is one method only").into_http());
            }
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Answer, Question>::default());
            Ok(grpc.unary(Self, request).await)
        })
    }
}

pub struct Tonic;

impl ladder::Rpc for Tonic {
    type Client = Channel;

    fn connect(stream: TcpStream) -> Channel {
        // The connection is there already, and is handed over when the channel first asks.
        let stream = Arc::new(Mutex::new(Some(stream)));
        let connector = tower::service_fn(move |_| {
            let stream = stream.lock().ok().and_then(|mut stream| stream.take());
            async move {
                stream
                    .map(TokioIo::new)
                    .ok_or_else(|| std::io::Error::other("connects once"))
            }
        });
        Endpoint::from_static("http://lessons").connect_with_connector_lazy(connector)
    }

    async fn serve(stream: TcpStream) {
        let incoming = stream::iter([Ok::<_, std::io::Error>(stream)]);
        // A failed connection shows in the client's calls.
        let _ = Server::builder()
            .add_service(Lessons)
            .serve_with_incoming(incoming)
            .await;
    }

    async fn one(client: &Channel) -> bool {
        let mut grpc = Grpc::new(client.clone());
        if grpc.ready().await.is_err() {
            return false;
        }
        let codec = ProstCodec::<Question, Answer>::default();
        let path = PathAndQuery::from_static(METHOD);
        let reply = grpc.unary(Request::new(question()), path, codec).await;
        reply.is_ok_and(|reply| reply.into_inner() == answer(question()))
    }

    /// Not compared here: a batch is the service's affair, not the transport's.
    async fn many(_: &Channel, _: usize) -> usize {
        0
    }
}
