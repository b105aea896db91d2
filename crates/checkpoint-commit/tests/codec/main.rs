//! The codec as its users see it.

mod damage;
mod events;
mod receipts;
mod restart;
mod round_trip;
mod sizes;
mod vectors;
mod within;
