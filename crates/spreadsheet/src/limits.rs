/// How large a file may be. The defaults suit files that strangers upload.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Columns of a row.
    pub columns: usize,
    /// Rows under the header.
    pub rows: usize,
    /// Bytes of all that a file expands to, whatever it says about itself. Of a CSV file its own length.
    pub expanded_bytes: u64,
    /// How many bytes one byte of an Excel file may expand to, above the first 16 MiB.
    pub expansion_ratio: u64,
    /// Bytes of a row of a CSV file, and of the texts of a row of an Excel file.
    pub row_bytes: usize,
}

impl Default for Limits {
    /// 256 columns, 100,000 rows, 256 MiB, a ratio of 100, 1 MiB a row.
    fn default() -> Self {
        Self {
            columns: 256,
            rows: 100_000,
            expanded_bytes: 256 << 20,
            expansion_ratio: 100,
            row_bytes: 1 << 20,
        }
    }
}

impl Limits {
    /// The number of the last row that may be there, counting the header.
    pub(crate) fn last_row(&self) -> usize {
        self.rows.saturating_add(1)
    }
}
