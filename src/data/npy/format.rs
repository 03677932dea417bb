//! Header and entries of an array in the NPY format.

use std::io::{ErrorKind, Read};

type Outcome<T> = std::result::Result<T, String>;

/// Longest header that is read; NumPy refuses longer ones too.
const LONGEST_HEADER: usize = 10_000;

/// Bytes read at once.
const CHUNK: usize = 1 << 20;

/// Type, order and shape of the entries.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Header {
    /// `f`, `i`, `u` or `b`, and the number of bytes.
    kind: u8,
    bytes: usize,
    big_endian: bool,
    pub(super) column_order: bool,
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Bytes before the entries.
    pub(super) length: u64,
}

impl Header {
    pub(super) fn read(reader: &mut dyn Read) -> Outcome<Self> {
        let mut start = [0; 8];
        fill(reader, &mut start, "in the header")?;
        if &start[..6] != b"\x93NUMPY" {
            return Err("not an NPY file: it does not begin with the magic string".to_owned());
        }
        let (length, size) = if start[6] == 1 {
            let mut bytes = [0; 2];
            fill(reader, &mut bytes, "in the header")?;
            (usize::from(u16::from_le_bytes(bytes)), 2)
        } else {
            let mut bytes = [0; 4];
            fill(reader, &mut bytes, "in the header")?;
            (u32::from_le_bytes(bytes) as usize, 4)
        };
        if length > LONGEST_HEADER {
            return Err(format!("the header has {length} bytes, more than {LONGEST_HEADER}"));
        }
        let mut text = vec![0; length];
        fill(reader, &mut text, "in the header")?;
        let text = String::from_utf8_lossy(&text);
        Self::parse(&text, (start.len() + size + length) as u64)
    }

    fn parse(text: &str, length: u64) -> Outcome<Self> {
        let value = |key: &str| {
            let (_, rest) =
                text.split_once(&format!("'{key}':")).ok_or(format!("the header has no {key}"))?;
            Ok::<_, String>(rest.trim_start())
        };
        let quoted = value("descr")?;
        let descr = quoted.strip_prefix('\'').and_then(|rest| rest.split('\'').next());
        let unsupported = || {
            let shown = descr.unwrap_or_else(|| quoted.split('}').next().unwrap_or(quoted));
            format!("entries of type {shown}: integers and floating-point numbers can be read")
        };
        let (order, kind, bytes) = match descr.map(str::as_bytes) {
            Some([order, kind, bytes]) => (*order, *kind, usize::from(bytes.wrapping_sub(b'0'))),
            _ => return Err(unsupported()),
        };
        let known = matches!((kind, bytes), (b'f', 4 | 8) | (b'i' | b'u', 1 | 2 | 4 | 8) | (b'b', 1));
        if !known || !matches!(order, b'<' | b'>' | b'|' | b'=') {
            return Err(unsupported());
        }
        let shape = value("shape")?.strip_prefix('(').and_then(|rest| rest.split(')').next());
        let sizes: Option<Vec<usize>> = shape.and_then(|shape| {
            let sizes = shape.split(',').map(str::trim).filter(|size| !size.is_empty());
            sizes.map(|size| size.parse().ok()).collect()
        });
        let (rows, columns) = match sizes.as_deref() {
            Some([rows]) => (*rows, 1),
            Some([rows, columns]) => (*rows, *columns),
            Some(sizes) => return Err(format!("an array of {} dimensions, not a matrix", sizes.len())),
            None => return Err("the header has no shape that can be read".to_owned()),
        };
        if rows.checked_mul(columns).and_then(|count| count.checked_mul(bytes)).is_none() {
            return Err(format!("a matrix of {rows} x {columns} entries"));
        }
        let column_order = value("fortran_order")?.starts_with("True");
        Ok(Self { kind, bytes, big_endian: order == b'>', column_order, rows, columns, length })
    }

    pub(super) fn item_size(&self) -> usize {
        self.bytes
    }

    /// The next `count` entries.
    pub(super) fn read_numbers(&self, reader: &mut dyn Read, count: usize) -> Outcome<Vec<f64>> {
        // The count is what the header says: memory is taken as the entries come.
        let mut numbers = Vec::new();
        let mut bytes = Vec::new();
        while numbers.len() < count {
            let next = (count - numbers.len()).min(CHUNK / self.bytes);
            bytes.resize(next * self.bytes, 0);
            fill(reader, &mut bytes, "before its last entry")?;
            numbers.extend(bytes.chunks_exact(self.bytes).map(|entry| self.number(entry)));
        }
        Ok(numbers)
    }

    fn number(&self, entry: &[u8]) -> f64 {
        let mut bytes = [0; 8];
        bytes[..self.bytes].copy_from_slice(entry);
        if self.big_endian {
            bytes[..self.bytes].reverse();
        }
        let word = u64::from_le_bytes(bytes);
        match (self.kind, self.bytes) {
            (b'f', 8) => f64::from_bits(word),
            (b'f', _) => f64::from(f32::from_bits(word as u32)),
            (b'i', size) => {
                let unused = 64 - 8 * size as u32;
                ((word << unused) as i64 >> unused) as f64
            }
            _ => word as f64,
        }
    }
}

fn fill(reader: &mut dyn Read, bytes: &mut [u8], place: &str) -> Outcome<()> {
    reader.read_exact(bytes).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => format!("truncated: the file ends {place}"),
        _ => error.to_string(),
    })
}
