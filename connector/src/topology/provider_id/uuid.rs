//! UUIDs of machines, in either of the two orders in which their bytes are written.
//!
//! SMBIOS keeps the first three groups with their lowest byte first, RFC 9562 with the highest. Who reads one as the other shows the groups
//! swapped, so a hypervisor and the machine's own BIOS may disagree (kubernetes/kubernetes#58927).

use std::fmt;

/// Sixteen bytes, in the order in which they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uuid([u8; 16]);

/// How many bytes each group has.
const GROUPS: [usize; 5] = [4, 2, 2, 2, 6];

impl Uuid {
    /// Reads the usual form and no other: 8-4-4-4-12 hexadecimal digits, in any case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut groups = text.split('-');
        let mut bytes = [0; 16];
        let mut places = bytes.iter_mut();
        for length in GROUPS {
            let group = groups.next().filter(|group| group.len() == 2 * length)?;
            let (pairs, _) = group.as_bytes().as_chunks::<2>();
            for ([high, low], place) in pairs.iter().zip(&mut places) {
                *place = digit(*high)? << 4 | digit(*low)?;
            }
        }
        groups.next().is_none().then_some(Self(bytes))
    }

    /// The same machine's, where whoever wrote it had the other order.
    #[must_use]
    pub fn byteswapped(self) -> Self {
        let [a, b, c, d, e, f, g, h, rest @ ..] = self.0;
        let [i, j, k, l, m, n, o, p] = rest;
        Self([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p])
    }

    /// Whether it is a machine's at all: all zeros and all ones say in SMBIOS that there is none.
    #[must_use]
    pub fn names_a_machine(self) -> bool {
        self.0 != [0; 16] && self.0 != [u8::MAX; 16]
    }
}

/// In lower case.
impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.iter();
        for (index, length) in GROUPS.into_iter().enumerate() {
            if index > 0 {
                f.write_str("-")?;
            }
            for byte in bytes.by_ref().take(length) {
                write!(f, "{byte:02x}")?;
            }
        }
        Ok(())
    }
}

fn digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
