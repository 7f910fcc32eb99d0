//! tarpc, with its own length-delimited transport and bincode.

use domain::{LessonKey, Progress};
use futures_util::StreamExt as _;
use tarpc::server::{BaseChannel, Channel as _};
use tarpc::tokio_serde::formats::Bincode;
use tarpc::tokio_util::codec::LengthDelimitedCodec;
use tarpc::{client, context, serde_transport};
use tokio::net::TcpStream;

use super::same;

/// The trait from which tarpc generates client and server.
#[tarpc::service]
pub trait Lessons {
    /// A learner's progress in a lesson.
    async fn progress(key: LessonKey) -> Option<Progress>;
}

#[derive(Clone)]
struct Source;

impl Lessons for Source {
    async fn progress(self, _: context::Context, key: LessonKey) -> Option<Progress> {
        Some(same::progress(key))
    }
}

pub struct Tarpc;

impl ladder::Rpc for Tarpc {
    type Client = LessonsClient;

    fn connect(stream: TcpStream) -> LessonsClient {
        let frames = LengthDelimitedCodec::builder().new_framed(stream);
        let transport = serde_transport::new(frames, Bincode::default());
        LessonsClient::new(client::Config::default(), transport).spawn()
    }

    async fn serve(stream: TcpStream) {
        let frames = LengthDelimitedCodec::builder().new_framed(stream);
        let transport = serde_transport::new(frames, Bincode::default());
        BaseChannel::with_defaults(transport)
            .execute(Source.serve())
            .for_each(|response| async {
                tokio::spawn(response);
            })
            .await;
    }

    async fn one(client: &LessonsClient) -> bool {
        let answer = client.progress(context::current(), same::KEY).await;
        answer.is_ok_and(|progress| progress == Some(same::progress(same::KEY)))
    }

    /// Not compared here: a batch concerns the service, not the transport.
    async fn many(_: &LessonsClient, _: usize) -> usize {
        0
    }
}
