//! Our assembly: which part is where.
//!
//! Each part is a lab's solution behind one of the stage's traits. Here is only the glue: the folder of
//! the store, what runs what, and how one part reaches the next.
//!
//! | place | part | from |
//! |---|---|---|
//! | edge | `border` | lab 7 |
//! | cache | `copy` | lab 4 |
//! | authority, with the outbox in its transactions | `store` | labs 3 and 5 |
//! | relay and stream | `news` | lab 5 |
//! | workers, with their inboxes | `desks` | lab 5 |
//! | dashboard | `figures` | lab 6 |

mod border;
mod copy;
mod desks;
mod figures;
mod medium;
mod news;
mod store;

use border::Border;
use copy::Accelerator;
use crashdisk::Disk;
use desks::Desks;
use figures::Figures;
use medium::Medium;
use news::News;
use platform::parts::NotStarted;
use platform::stage::{Assembly, Ground, Parts};
use platform::ways::Ways;
use std::sync::Arc;
use store::Store;

/// The assembly of our solutions.
#[derive(Clone, Debug, Default)]
pub struct Ours {
    /// The disk of the authority, for a test that fills or fails it.
    pub disk: Option<Disk>,
}

impl Assembly for Ours {
    fn assemble(&self, ways: &Ways, ground: &Ground) -> Result<Parts, NotStarted> {
        let medium = match &self.disk {
            Some(disk) => Medium::on(disk.clone()),
            None => Medium::new(ground, "progress.redb"),
        };
        let store = Store::open(medium)?;
        let copy = Arc::new(Accelerator::new(ways.to_authority(store.clone()))?);
        store.tell(&copy);
        let news = News::open(ways, Arc::clone(&store), Medium::new(ground, "stream.log"))?;
        let desks = Desks::open(ways, &news, ground)?;
        let figures = Figures::open(ways, &news, ground);
        Ok(Parts {
            authority: store,
            cache: copy,
            stream: Arc::new(news),
            workers: Arc::new(desks),
            view: Arc::new(figures),
            edge: Arc::new(Border::new(ways.to_origin(), ground)?),
        })
    }
}
