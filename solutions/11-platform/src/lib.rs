//! Our assembly: which part stands where.
//!
//! Each part is a lab's solution behind one of the stage's traits. What is here is the glue: the folder
//! of the store, who runs what, and which way leads from one part to the next.

mod border;
mod copy;
mod store;

use border::Border;
use copy::Accelerator;
use platform::doubles::{Pipe, PipeStream, PipeView, PipeWorkers};
use platform::parts::NotStarted;
use platform::stage::{Assembly, Ground, Parts};
use platform::ways::Ways;
use std::sync::Arc;
use store::Store;

/// The assembly of our solutions.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ours;

impl Assembly for Ours {
    fn assemble(&self, ways: &Ways, ground: &Ground) -> Result<Parts, NotStarted> {
        let pipe = Pipe::new(ways, None);
        let store = Arc::new(Store::open(ground, Arc::clone(&pipe))?);
        let copy = Arc::new(Accelerator::new(ways.to_authority(store.clone()))?);
        store.tell(&copy);
        Ok(Parts {
            authority: store,
            cache: copy,
            stream: Arc::new(PipeStream(Arc::clone(&pipe))),
            workers: Arc::new(PipeWorkers(Arc::clone(&pipe))),
            view: Arc::new(PipeView(pipe)),
            edge: Arc::new(Border::new(ways.to_origin(), ground)?),
        })
    }
}
