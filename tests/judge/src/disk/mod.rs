//! What happens to disks: bytes that are torn off or flipped, and no room.

mod damage;
mod small;

pub use damage::{Harm, StoredFile, Written};
pub use small::SmallDisk;
