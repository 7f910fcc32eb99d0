//! Your RPC as a rung of the ladder: `cargo course measure`, or
//!
//! ```text
//! cargo bench -p measure --features bench --bench ladder -- --quick
//! ```
//!
//! The harness is given (`exercises/given/ladder`) and knows nothing of your code but these four
//! functions. It starts this program again for each client and server, pins the two, and measures
//! them in turns with everything below and above them on the ladder.

use std::process::ExitCode;
use std::sync::Arc;

use domain::{LessonKey, Progress, Version};
use measure::client::Client;
use measure::progress::{ProgressClient, ProgressService, ProgressSource};
use measure::server::serve;
use tokio::net::TcpStream;

fn main() -> ExitCode {
    ladder::main::<Mine>()
}

struct Mine;

impl ladder::Rpc for Mine {
    type Client = ProgressClient;

    fn connect(stream: TcpStream) -> ProgressClient {
        ProgressClient::new(Client::new(stream))
    }

    async fn serve(stream: TcpStream) {
        // A connection that fails fails its callers, and the harness hears of it from them.
        let _ = serve(stream, Arc::new(ProgressService::new(Computed))).await;
    }

    async fn one(client: &ProgressClient) -> bool {
        let asked = key(0);
        let progress = client.progress(asked).await;
        progress.is_ok_and(|progress| progress.is_some_and(|progress| progress.key == asked))
    }

    async fn many(client: &ProgressClient, n: usize) -> usize {
        let asked: Vec<LessonKey> = (0..).map(key).take(n).collect();
        let answers = client.progress_many(&asked).await.unwrap_or_default();
        let right = |(asked, answer): &(&LessonKey, Option<Progress>)| {
            answer.is_some_and(|progress| progress.key == **asked)
        };
        asked.iter().zip(answers).filter(right).count()
    }
}

/// Progress that costs nothing to find: what is measured is the way there and back.
struct Computed;

impl ProgressSource for Computed {
    fn read(&self, key: LessonKey) -> Option<Progress> {
        Some(Progress {
            key,
            version: Version(7),
            steps_done: 12,
            completed: true,
        })
    }
}

fn key(lesson: u64) -> LessonKey {
    LessonKey::new(1_000_000, lesson)
}
