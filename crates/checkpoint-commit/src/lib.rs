#![doc = include_str!("../README.md")]

mod codec;
mod strategy;
mod tracker;
