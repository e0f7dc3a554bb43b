//! This package has tests only; cargo wants a target beside them.
