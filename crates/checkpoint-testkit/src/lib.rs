//! The contract of checkpoint stores as test cases for any store.
