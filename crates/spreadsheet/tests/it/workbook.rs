//! Workbooks as a test writes them, part by part.

use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

const MAIN: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml";

/// The parts of a workbook; each can be replaced, and others added.
pub(crate) struct Workbook {
    parts: Vec<(String, Vec<u8>)>,
}

impl Workbook {
    /// With this sheet, whose rows are given as XML.
    pub(crate) fn new(rows: &str) -> Self {
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
        Self { parts: Vec::new() }
            .with("[Content_Types].xml", &types(MAIN))
            .with("_rels/.rels", "<Relationships><Relationship Id=\"a\" Type=\"http://x/relationships/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>")
            .with("xl/workbook.xml", "<workbook><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>")
            .with("xl/_rels/workbook.xml.rels", "<Relationships><Relationship Id=\"rId1\" Type=\"http://x/relationships/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>")
            .with("xl/worksheets/sheet1.xml", &sheet)
    }

    pub(crate) fn with(mut self, name: &str, content: &str) -> Self {
        self.parts.retain(|(present, _)| present != name);
        self.parts.push((name.to_owned(), content.as_bytes().to_vec()));
        self
    }

    /// With `times` copies of a text in a part, which are never in memory together.
    pub(crate) fn file_with_repeated(&self, name: &str, text: &str, times: usize) -> Vec<u8> {
        let mut zip = self.written();
        zip.start_file(name, options()).unwrap();
        for _ in 0..times {
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    pub(crate) fn file(&self) -> Vec<u8> {
        self.written().finish().unwrap().into_inner()
    }

    fn written(&self) -> ZipWriter<Cursor<Vec<u8>>> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in &self.parts {
            zip.start_file(name.as_str(), options()).unwrap();
            zip.write_all(content).unwrap();
        }
        zip
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

/// `[Content_Types].xml` for a workbook of this type.
pub(crate) fn types(main: &str) -> String {
    format!("<Types><Override PartName=\"/xl/workbook.xml\" ContentType=\"{main}\"/></Types>")
}

/// A cell with an inline text.
pub(crate) fn cell(reference: &str, text: &str) -> String {
    format!("<c r=\"{reference}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
}
