//! The platform's client and server, and a server that answers as a proper one does.

use super::handlers::EvenLessons;
use domain::LessonKey;
use measure::client::Client;
use measure::progress::{Answer, ProgressClient, ProgressService, Question};
use measure::server::serve;
use std::sync::Arc;
use testbed::Link;
use testbed::link::Meters;

pub fn keys(count: usize) -> Vec<LessonKey> {
    (0..count as u64)
        .map(|number| LessonKey::new(number % 10, number))
        .collect()
}

/// A platform's client and server, with a meter between them.
pub fn connected() -> (ProgressClient, EvenLessons, Meters) {
    let (near, far, meters) = Link::new().split();
    let lessons = EvenLessons::default();
    let service = Arc::new(ProgressService::new(lessons.clone()));
    tokio::spawn(async move { serve(far, service).await });
    (ProgressClient::new(Client::new(near)), lessons, meters)
}

/// What a proper server replies to a question.
pub fn answer_to(question: &[u8]) -> Vec<u8> {
    let keys: Question = postcard::from_bytes(question).expect("a list of keys");
    let answer: Answer = keys.into_iter().map(EvenLessons::answer).collect();
    postcard::to_stdvec(&answer).expect("encodes")
}
