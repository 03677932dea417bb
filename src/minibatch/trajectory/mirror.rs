//! Square tables that are filled row by row in time.

/// A symmetric table of which the leading rows are known: entry `(s, u)` is stored in both places,
/// so that reading a row reads contiguous memory whichever of the two times is the later.
#[derive(Debug)]
pub(crate) struct Mirror {
    size: usize,
    entries: Vec<f64>,
}

impl Mirror {
    pub(crate) fn zeros(size: usize) -> Self {
        Self { size, entries: vec![0.0; size * size] }
    }

    /// Entries `(s, 0)`, `(s, 1)`, ... as far as they are known.
    pub(crate) fn row(&self, s: usize) -> &[f64] {
        &self.entries[s * self.size..(s + 1) * self.size]
    }

    /// Sets entries `(s, 0)` to `(s, s)` and their mirror images.
    pub(crate) fn set_row(&mut self, s: usize, row: &[f64]) {
        self.entries[s * self.size..s * self.size + row.len()].copy_from_slice(row);
        for (u, &entry) in row.iter().enumerate() {
            self.entries[u * self.size + s] = entry;
        }
    }
}
