//! Tables that fit: which columns are shown, how wide each is, and the lines that come of it.
//!
//! No line is longer than the terminal, so none is broken by it. What does not fit is left out, the least important column first, or cut, with an
//! ellipsis where it was.

use crate::paint::{Paint, Tone};
use unicode_width::UnicodeWidthChar as _;

/// Between two columns.
const GAP: usize = 2;
/// Stands where something was cut.
const ELLIPSIS: char = '…';
/// From this rank on, a column is beyond what everybody looks for.
pub(crate) const EXTRA: u8 = 10;
/// From this rank on, a column goes before a name is cut: a name is there to be copied.
const BEFORE_NAMES: u8 = 2;

/// What may become of a column's cells where there is too little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nothing: it is shown whole or not at all.
    Never,
    /// Their column is made no narrower than this, and only when hardly another is left. For names, which people copy.
    Late(usize),
    /// They are cut, to no less than this, before any column is left out. For prose.
    Early(usize),
    /// They go on in the lines below, each no shorter than this, or begin there. For the last column only.
    Wrap(usize),
}

/// A column to lay out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Column {
    /// What stands over it, escaped.
    pub(crate) heading: String,
    /// The higher, the sooner it is left out; 0 never is.
    pub(crate) rank: u8,
    pub(crate) cut: Cut,
}

/// A cell: text in which nothing acts, and its tone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) text: String,
    pub(crate) tone: Tone,
}

/// How many columns of a terminal a text takes.
pub(crate) fn width_of(text: &str) -> usize {
    text.chars().map(|character| character.width().unwrap_or_default()).sum()
}

/// The columns that are shown, by their number, and how wide each is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fit(Vec<(usize, usize)>);

/// How far a cell that has no column stands to the right of its row.
const BELOW: usize = 4;

/// Which columns fit a width, given what each would take in full.
pub(crate) fn fit(columns: &[Column], full: &[usize], width: Option<usize>) -> Fit {
    let mut shown: Vec<usize> = (0..columns.len()).collect();
    let natural = |at: usize| full.get(at).copied().unwrap_or_default();
    let Some(width) = width else { return Fit(shown.into_iter().map(|at| (at, natural(at))).collect()) };
    loop {
        let gaps = GAP * shown.len().saturating_sub(1);
        let room = width.saturating_sub(gaps);
        for late in [false, true] {
            let least = |at: usize| match columns.get(at).map(|column| column.cut) {
                Some(Cut::Early(least) | Cut::Wrap(least)) => least.min(natural(at)),
                Some(Cut::Late(least)) if late => least.min(natural(at)),
                Some(Cut::Late(_) | Cut::Never) | None => natural(at),
            };
            if shown.iter().map(|at| least(*at)).sum::<usize>() <= room {
                return Fit(share(&shown, room, natural, least));
            }
            let others = shown.iter().filter(|at| rank(columns, **at) >= BEFORE_NAMES).count();
            if others > 0 {
                break;
            }
        }
        // The last of the least important.
        let goes = shown.iter().copied().enumerate().max_by_key(|(_, at)| (rank(columns, *at), *at));
        match goes {
            Some((place, at)) if shown.len() > 1 && rank(columns, at) > 0 => drop(shown.remove(place)),
            _ => {
                let each = room / shown.len().max(1);
                return Fit(shown.iter().map(|at| (*at, natural(*at).min(each))).collect());
            }
        }
    }
}

fn rank(columns: &[Column], at: usize) -> u8 {
    columns.get(at).map_or(0, |column| column.rank)
}

/// Widths that together take no more than the room: all that can be cut are cut to one width, the greatest that will do.
fn share(
    shown: &[usize],
    room: usize,
    natural: impl Fn(usize) -> usize,
    least: impl Fn(usize) -> usize,
) -> Vec<(usize, usize)> {
    let at_most = |cap: usize| shown.iter().map(|at| (*at, natural(*at).min(cap).max(least(*at)))).collect::<Vec<_>>();
    let fits = |cap: usize| at_most(cap).iter().map(|(_, width)| width).sum::<usize>() <= room;
    let (mut low, mut high) = (0, shown.iter().map(|at| natural(*at)).max().unwrap_or_default());
    while low < high {
        let middle = (low + high).div_ceil(2);
        if fits(middle) { low = middle } else { high = middle - 1 }
    }
    at_most(low)
}

impl Fit {
    /// Whether a column is shown.
    pub(crate) fn shows(&self, column: usize) -> bool {
        self.0.iter().any(|(at, _)| *at == column)
    }

    /// The line of headings.
    pub(crate) fn heading(&self, columns: &[Column], paint: Paint, out: &mut String) {
        let text = |at: &usize| columns.get(*at).map_or("", |column| column.heading.as_str());
        self.line(|at| (text(&at), Tone::Heading), paint, out);
    }

    /// A row, in one line or, where its last column goes on, in several.
    pub(crate) fn row(&self, columns: &[Column], cells: &[Text], paint: Paint, out: &mut String) {
        let Some(&(last, room)) = self.0.last() else { return };
        let mut cells = cells.to_vec();
        self.name_alone(columns, &mut cells, paint, out);
        let cells = cells.as_slice();
        let wraps = matches!(columns.get(last).map(|column| column.cut), Some(Cut::Wrap(_)));
        let whole = cells.get(last).map_or("", |cell| cell.text.as_str());
        let pieces = if wraps { wrap(whole, room) } else { vec![whole.to_owned()] };
        let indent = self.0.iter().rev().skip(1).map(|(_, width)| width + GAP).sum();
        for (number, piece) in pieces.iter().enumerate() {
            let tone = cells.get(last).map_or(Tone::Plain, |cell| cell.tone);
            if number > 0 {
                out.push_str(&" ".repeat(indent));
                out.push_str(&paint.paint(tone, piece));
                out.push('\n');
                continue;
            }
            let cell = |at: usize| match cells.get(at) {
                Some(_) if at == last => (piece.as_str(), tone),
                Some(cell) => (cell.text.as_str(), cell.tone),
                None => ("", Tone::Plain),
            };
            self.line(cell, paint, out);
        }
    }

    /// A name that is wider than its column has lines of its own, so that it can be copied, and the rest of the row stands below.
    fn name_alone(&self, columns: &[Column], cells: &mut [Text], paint: Paint, out: &mut String) {
        let Some(&(at, width)) = self.0.first() else { return };
        let is_name = columns.get(at).is_some_and(|column| column.rank == 0 && matches!(column.cut, Cut::Late(_)));
        let Some(cell) = cells.get_mut(at).filter(|cell| is_name && width_of(&cell.text) > width) else { return };
        let whole = self.0.iter().map(|(_, width)| width + GAP).sum::<usize>().saturating_sub(GAP);
        for piece in wrap(&std::mem::take(&mut cell.text), whole) {
            out.push_str(&format!("{}\n", paint.paint(cell.tone, &piece)));
        }
    }

    /// What a row has to say that found no room beside the rest of it, in the lines below.
    pub(crate) fn below(
        &self,
        columns: &[Column],
        cells: &[Text],
        width: Option<usize>,
        paint: Paint,
        out: &mut String,
    ) {
        let (Some(width), Some(column), Some(cell)) = (width, columns.last(), cells.last()) else { return };
        let is_shown = self.shows(columns.len() - 1) || !matches!(column.cut, Cut::Wrap(_));
        if is_shown || cell.text == crate::cells::NOTHING {
            return;
        }
        for piece in wrap(&cell.text, width.saturating_sub(BELOW)) {
            out.push_str(&format!("{}{}\n", " ".repeat(BELOW), paint.paint(cell.tone, &piece)));
        }
    }

    fn line<'t>(&self, cell: impl Fn(usize) -> (&'t str, Tone), paint: Paint, out: &mut String) {
        // Blanks come before the next cell that has something in it, so that no line ends with them.
        let mut blanks = 0;
        for &(at, width) in &self.0 {
            let (text, tone) = cell(at);
            let text = cut(text, width);
            let taken = width_of(&text);
            if taken > 0 {
                out.push_str(&" ".repeat(blanks));
                out.push_str(&paint.paint(tone, &text));
                blanks = 0;
            }
            blanks += width.saturating_sub(taken) + GAP;
        }
        out.push('\n');
    }
}

/// A text that takes no more than the width: where it is longer, its beginning and an ellipsis.
pub(crate) fn cut(text: &str, width: usize) -> String {
    if width_of(text) <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut taken = 0;
    for character in text.chars() {
        taken += character.width().unwrap_or_default();
        if taken >= width {
            break;
        }
        kept.push(character);
    }
    if width > 0 {
        kept.push(ELLIPSIS);
    }
    kept
}

/// A text in pieces that take no more than the width, parted between words where there are any.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut taken = 0;
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches(' ');
        if taken > 0 && taken + width_of(bare) > width {
            lines.push(std::mem::take(&mut line));
            taken = 0;
        }
        for character in word.chars() {
            let columns = character.width().unwrap_or_default();
            if taken + columns > width {
                // The blank behind the last word of a line.
                if character == ' ' {
                    continue;
                }
                lines.push(std::mem::take(&mut line));
                taken = 0;
            }
            line.push(character);
            taken += columns;
        }
    }
    lines.push(line);
    lines.iter().map(|line| line.trim_end_matches(' ').to_owned()).collect()
}
