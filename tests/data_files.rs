//! Files as sources of rows: the numbers they hold, and errors that say where the fault is.

use std::path::PathBuf;

use freespectra::Result;
use freespectra::data::{Block, CsvFile, Dataset, FirstLine, NpyFile, Preparation, Rows, TargetColumn};

/// A file that is removed when the test ends.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, content: &[u8]) -> Self {
        let path = std::env::temp_dir().join(format!("freespectra-{}-{name}", std::process::id()));
        std::fs::write(&path, content).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn all(rows: &dyn Rows) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut features, mut targets) = (Vec::new(), Vec::new());
    rows.pass(&mut |Block { features: block, targets: more, .. }| {
        features.extend_from_slice(block);
        targets.extend_from_slice(more.unwrap_or_default());
        Ok(())
    })?;
    Ok((features, targets))
}

fn csv(name: &str, content: &[u8], target: TargetColumn) -> Result<(Vec<f64>, Vec<f64>)> {
    let file = Scratch::new(name, content);
    all(&CsvFile::open(&file.0, target)?)
}

#[test]
fn csv_with_and_without_names() {
    let expected = (vec![1.0, 3.0, 4.0, 6.0], vec![2.0, 5.0]);
    let named = b"\xef\xbb\xbfa, b ,c\r\n1,2, 3\r\n4,5e0,\"6\"\r\n";
    assert_eq!(csv("bom.csv", named, TargetColumn::Name("b".into())).unwrap(), expected);
    assert_eq!(csv("number.csv", named, "2".parse().unwrap()).unwrap(), expected);
    assert_eq!(csv("name.csv", named, "a".parse().unwrap()).unwrap().1, [1.0, 4.0]);
    assert_eq!(csv("plain.csv", b"1,2,3\n4,5,6", TargetColumn::Number(2)).unwrap(), expected);
    assert_eq!(csv("last.csv", b"1,3,2\n4,6,5\n", TargetColumn::Last).unwrap(), expected);
    assert_eq!(csv("none.csv", b"1\n2\n", TargetColumn::Absent).unwrap(), (vec![1.0, 2.0], vec![]));
    let file = Scratch::new("tab.csv", b"x\ty\n1\t2\n");
    let tabs = CsvFile::open_delimited(&file.0, TargetColumn::Last, b'\t', FirstLine::Judged).unwrap();
    assert_eq!((tabs.names().unwrap(), tabs.target()), (&["x".to_owned(), "y".to_owned()][..], Some(1)));
}

#[test]
fn bad_csv_says_where() {
    let last = || TargetColumn::Last;
    for (name, content, target, expected) in [
        ("empty.csv", &b""[..], last(), "the file is empty"),
        ("header.csv", b"a,b\n", last(), "no row after the names"),
        ("one.csv", b"a\n1\n", last(), "no column beside the target"),
        ("text.csv", b"a,b\n1,2\n3,four\n", last(), "row 2 (line 3), column 2 (b): \"four\" is not a number"),
        ("nan.csv", b"1,2\n3,NaN\n", last(), "row 2 (line 2), column 2: the value is missing"),
        ("gap.csv", b"1,2\n,4\n", last(), "row 2 (line 2), column 1: the value is missing"),
        ("ragged.csv", b"a,b\n1,2\n3\n", last(), "row 2 (line 3), 1 cells where the first line has 2"),
        ("latin.csv", b"a,b\n1,\xe9\n", last(), "column 2 (b): the cell is not UTF-8"),
        ("unknown.csv", b"a,b\n1,2\n", TargetColumn::Name("c".into()), "no column is called \"c\""),
        ("far.csv", b"a,b\n1,2\n", TargetColumn::Number(3), "no column 3, only 2"),
        ("unnamed.csv", b"1,2\n", TargetColumn::Name("c".into()), "the columns have no names"),
    ] {
        let error = csv(name, content, target).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(CsvFile::open(std::env::temp_dir(), TargetColumn::Last).is_err());
    assert!(CsvFile::open("/does/not/exist.csv", TargetColumn::Last).is_err());
}

#[test]
fn a_wide_row_is_ordinary() {
    let line: Vec<String> = (0..100_000).map(|i| i.to_string()).collect();
    let file = Scratch::new("wide.csv", line.join(",").as_bytes());
    let rows = CsvFile::open(&file.0, TargetColumn::Last).unwrap();
    let data = Dataset::from_rows(&rows, Preparation::default()).unwrap();
    assert_eq!((data.rows(), data.features(), data.rank()), (1, 99_999, 1));
}

/// An NPY file of version 1 as NumPy writes it.
fn npy(descr: &str, column_order: bool, shape: &str, entries: &[u8]) -> Vec<u8> {
    let order = if column_order { "True" } else { "False" };
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}");
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(entries);
    file
}

fn read_npy(name: &str, content: &[u8], target: TargetColumn) -> Result<(Vec<f64>, Vec<f64>)> {
    let file = Scratch::new(name, content);
    all(&NpyFile::open(&file.0, target)?)
}

#[test]
fn npy_of_every_type_and_order() {
    let expected = (vec![1.0, -2.0, 4.0, 5.0], vec![3.0, 6.0]);
    let rows = [1i8, -2, 3, 4, 5, 6];
    let bytes = |entry: &dyn Fn(i8) -> Vec<u8>| rows.iter().flat_map(|&x| entry(x)).collect::<Vec<_>>();
    for (descr, entries) in [
        ("<f8", bytes(&|x| f64::from(x).to_le_bytes().to_vec())),
        (">f8", bytes(&|x| f64::from(x).to_be_bytes().to_vec())),
        ("<f4", bytes(&|x| f32::from(x).to_le_bytes().to_vec())),
        (">f4", bytes(&|x| f32::from(x).to_be_bytes().to_vec())),
        ("<i8", bytes(&|x| i64::from(x).to_le_bytes().to_vec())),
        (">i4", bytes(&|x| i32::from(x).to_be_bytes().to_vec())),
        ("<i2", bytes(&|x| i16::from(x).to_le_bytes().to_vec())),
        ("|i1", bytes(&|x| x.to_le_bytes().to_vec())),
    ] {
        let found = read_npy(
            &format!("{}.npy", &descr[1..]),
            &npy(descr, false, "(2, 3)", &entries),
            TargetColumn::Last,
        );
        assert_eq!(found.unwrap(), expected, "{descr}");
    }
    let columns: Vec<u8> = [1.0f64, 4.0, -2.0, 5.0, 3.0, 6.0].iter().flat_map(|x| x.to_le_bytes()).collect();
    let found = read_npy("columns.npy", &npy("<f8", true, "(2, 3)", &columns), TargetColumn::Number(3));
    assert_eq!(found.unwrap(), expected);
    let unsigned = npy("|u1", false, "(3,)", &[1, 200, 255]);
    assert_eq!(read_npy("u1.npy", &unsigned, TargetColumn::Absent).unwrap().0, [1.0, 200.0, 255.0]);
}

#[test]
fn bad_npy_says_what() {
    let entries = [0u8; 48];
    for (name, content, expected) in [
        ("magic.npy", b"a,b\n1,2\n3,4\n".to_vec(), "not an NPY file"),
        ("short.npy", b"\x93NUM".to_vec(), "truncated: the file ends in the header"),
        (
            "cut.npy",
            npy("<f8", false, "(2, 3)", &entries[..41]),
            "truncated: the file ends before its last entry, in rows 1 to 2 of 2",
        ),
        (
            "cut.npy",
            npy("<f8", true, "(2, 3)", &entries[..41]),
            "truncated: the file ends before its last entry",
        ),
        ("huge.npy", npy("<f8", false, "(1000000000, 1000)", &entries), "truncated"),
        ("overflow.npy", npy("<f8", false, "(10000000000000, 10000000000)", &entries), "a matrix of"),
        ("complex.npy", npy("<c16", false, "(2, 3)", &entries), "entries of type <c16"),
        ("object.npy", npy("|O", false, "(2, 3)", &entries), "entries of type |O"),
        ("cube.npy", npy("<f8", false, "(1, 2, 3)", &entries), "3 dimensions"),
        ("none.npy", npy("<f8", false, "(0, 3)", &[]), "the matrix is 0 x 3"),
        ("one.npy", npy("<f8", false, "(3,)", &entries), "no column beside the target"),
    ] {
        let error = read_npy(name, &content, TargetColumn::Last).unwrap_err().to_string();
        assert!(error.contains(expected), "{name}: {error}");
    }
    let named = read_npy("named.npy", &npy("<f8", false, "(2, 3)", &entries), TargetColumn::Name("b".into()));
    assert!(named.unwrap_err().to_string().contains("no names"));
    assert!(NpyFile::open(std::env::temp_dir(), TargetColumn::Last).is_err());
}

/// A stored archive as `numpy.savez` writes it, without compression.
fn npz(arrays: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in arrays {
        let name = format!("{name}.npy");
        let offset = file.len() as u32;
        let mut common = Vec::new();
        for word in [20u16, 0, 0, 0, 33] {
            common.extend(word.to_le_bytes());
        }
        common.extend(crc32(content).to_le_bytes());
        common.extend((content.len() as u32).to_le_bytes());
        common.extend((content.len() as u32).to_le_bytes());
        common.extend((name.len() as u16).to_le_bytes());
        common.extend(0u16.to_le_bytes());
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(content);
        directory.extend(b"PK\x01\x02\x14\x00");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (count, start) = (arrays.len() as u16, file.len() as u32);
    file.extend(&directory);
    file.extend(b"PK\x05\x06\x00\x00\x00\x00");
    file.extend(count.to_le_bytes());
    file.extend(count.to_le_bytes());
    file.extend((directory.len() as u32).to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(
            crc ^ u32::from(byte),
            |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 },
        )
    })
}

#[test]
fn npz_with_a_target_of_its_own() {
    let doubles = |xs: &[f64]| xs.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>();
    for column_order in [false, true] {
        let matrix = if column_order { [1.0, 3.0, 2.0, 4.0] } else { [1.0, 2.0, 3.0, 4.0] };
        let matrix = npy("<f8", column_order, "(2, 2)", &doubles(&matrix));
        let archive = npz(&[
            ("X", matrix),
            ("y", npy("|i1", false, "(2,)", &[7, 8])),
            ("w", npy("|i1", false, "(3,)", &[1, 2, 3])),
        ]);
        let read = |target| read_npy(&format!("{column_order}.npz"), &archive, target);
        let features = vec![1.0, 2.0, 3.0, 4.0];
        assert_eq!(read(TargetColumn::Last).unwrap(), (features.clone(), vec![7.0, 8.0]));
        assert_eq!(read(TargetColumn::Name("y".into())).unwrap(), (features.clone(), vec![7.0, 8.0]));
        assert_eq!(read(TargetColumn::Number(1)).unwrap(), (vec![2.0, 4.0], vec![1.0, 3.0]));
        assert_eq!(read(TargetColumn::Absent).unwrap(), (features, vec![]));
        let error = read(TargetColumn::Name("w".into())).unwrap_err().to_string();
        assert!(error.contains("w.npy has shape 3 x 1, X has 2 rows"), "{error}");
        let error = read(TargetColumn::Name("z".into())).unwrap_err().to_string();
        assert!(error.contains("no array called z, only X, y, w"), "{error}");
        let cut = Scratch::new("cut.npz", &archive[..archive.len() - 30]);
        assert!(NpyFile::open(&cut.0, TargetColumn::Last).is_err());
    }
}
