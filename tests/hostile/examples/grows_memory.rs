//! Takes memory for ever: by its allocator, or page by page where `how` is `pages`.

use meho_test_hostile::outcome::object;
use meho_test_hostile::{Acted, Arguments, Fixture, hostile};
use serde_json::json;

struct GrowsMemory;

#[cfg(target_arch = "wasm32")]
fn grow() -> usize {
    core::arch::wasm32::memory_grow(0, 16)
}

#[cfg(not(target_arch = "wasm32"))]
fn grow() -> usize {
    usize::MAX
}

impl Fixture for GrowsMemory {
    fn act(call: &Arguments) -> Acted {
        let mut kept = Vec::new();
        loop {
            if call.how() == "pages" {
                if grow() == usize::MAX {
                    return object(&json!({"refused": true}));
                }
            } else {
                kept.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
    }
}

hostile!(GrowsMemory);
