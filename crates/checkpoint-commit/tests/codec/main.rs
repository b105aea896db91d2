//! The codec as its users see it.

#![expect(clippy::unwrap_used, reason = "also the helpers are tests")]

mod damage;
mod events;
mod receipts;
mod restart;
mod round_trip;
mod sizes;
mod vectors;
mod within;
