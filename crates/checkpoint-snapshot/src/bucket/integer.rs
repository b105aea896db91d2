//! Integers of all widths as one kind.

/// A type that an integer of a bucket can be read as: those of Rust.
pub trait Integer: TryFrom<i128> + sealed::Sealed {
    /// How Rust calls it.
    const NAME: &'static str;
}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else is to implement it")]
    pub trait Sealed {}
}

macro_rules! integers {
    ($($integer:ident)*) => {$(
        impl sealed::Sealed for $integer {}
        impl Integer for $integer {
            const NAME: &'static str = stringify!($integer);
        }
    )*};
}

integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);
