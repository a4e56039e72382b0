//! A page of Markdown as sections: one for each heading, with the headings above it.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::slug::Anchors;

/// A part of a page: a heading and what stands below it, up to the next heading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Section {
    /// Text of the heading; the page's name for what stands before the first one.
    pub title: String,
    /// Anchor of the heading; empty for what stands before the first one.
    pub anchor: String,
    /// 1 to 6; 0 for what stands before the first heading.
    pub level: u8,
    /// Titles of the headings above, outermost first.
    pub trail: Vec<String>,
    /// What a reader sees, without code blocks.
    pub body: String,
    /// Code: blocks, and code within text.
    pub code: String,
    /// What a reader sees, code blocks and all, for snippets.
    pub text: String,
    /// Text of the first cell of each row of its tables: what a reference explains, a line each.
    pub keys: String,
    /// What people ask that it answers, in their own words, a line each. It is looked in and never shown.
    pub asked: String,
    /// Where its links lead, as they are written.
    pub links: Vec<String>,
    /// Where the section lies in the page's source, without the sections below it.
    pub own: Range<usize>,
    /// The same with the sections below it.
    pub whole: Range<usize>,
}

/// A parsed page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    /// The first heading of the first level, or the page's name.
    pub title: String,
    pub sections: Vec<Section>,
    /// Where its comments (`<!-- ... -->`) lie in the source, in order.
    pub comments: Vec<Range<usize>>,
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
}

/// Parses a page; `name` is its title if it has no heading.
pub(super) fn parse(source: &str, name: &str) -> Parsed {
    let mut reader = Reader::new(name, source.len());
    for (event, range) in Parser::new_ext(source, options()).into_offset_iter() {
        reader.comment(&event, source, &range);
        reader.take(event, range);
    }
    reader.finish()
}

struct Reader {
    sections: Vec<Section>,
    anchors: Anchors,
    /// Headings that the current place is below: level and title.
    open: Vec<(u8, String)>,
    in_heading: bool,
    in_code: bool,
    /// In the first cell of a table's row.
    in_key: bool,
    /// Inside of front matter.
    skipping: bool,
    comments: Vec<Range<usize>>,
    length: usize,
}

impl Reader {
    fn new(name: &str, length: usize) -> Self {
        let lead = Section { title: name.into(), own: 0..length, whole: 0..length, ..Section::default() };
        Self {
            sections: vec![lead],
            anchors: Anchors::default(),
            open: Vec::new(),
            in_heading: false,
            in_code: false,
            in_key: false,
            skipping: false,
            comments: Vec::new(),
            length,
        }
    }

    fn current(&mut self) -> &mut Section {
        self.sections.last_mut().expect("there is always the lead section")
    }

    fn take(&mut self, event: Event, range: Range<usize>) {
        match event {
            Event::Start(Tag::MetadataBlock(_)) => self.skipping = true,
            Event::End(TagEnd::MetadataBlock(_)) => self.skipping = false,
            Event::End(TagEnd::CodeBlock) => {
                (self.skipping, self.in_code) = (false, false);
                self.gap("\n");
            }
            _ if self.skipping => {}
            Event::Start(Tag::Heading { level, .. }) => self.begin(level, range.start),
            Event::End(TagEnd::Heading(_)) => self.end_heading(),
            Event::Start(Tag::CodeBlock(kind)) => {
                self.in_code = !is_picture(&kind);
                self.skipping = !self.in_code;
            }
            Event::Start(Tag::Link { dest_url, .. }) => self.current().links.push(dest_url.into_string()),
            Event::Start(Tag::TableRow) => self.in_key = true,
            Event::Text(text) => self.text(&text, false),
            Event::Code(text) => self.text(&text, true),
            Event::SoftBreak => self.gap(" "),
            Event::HardBreak | Event::End(TagEnd::Paragraph | TagEnd::Item | TagEnd::TableRow | TagEnd::TableHead) => {
                self.gap("\n");
            }
            Event::End(TagEnd::TableCell) => self.end_cell(),
            _ => {}
        }
    }

    /// Comments are for programs (what a step of the course asks, for example): no reader sees them.
    fn comment(&mut self, event: &Event, source: &str, range: &Range<usize>) {
        let html = &source[range.clone()];
        if !matches!(event, Event::Start(Tag::HtmlBlock) | Event::InlineHtml(_))
            || !html.trim_start().starts_with("<!--")
        {
            return;
        }
        let end = html.find("-->").map_or(range.end, |at| range.start + at + "-->".len());
        // One with lines of its own goes with the end of the last one.
        let begins = range.start == 0 || source[..range.start].ends_with('\n');
        let newline = usize::from(begins && source[end..].starts_with('\n'));
        self.comments.push(range.start..end + newline);
    }

    fn begin(&mut self, level: HeadingLevel, at: usize) {
        let level = level as u8;
        self.current().own.end = at;
        self.open.retain(|(above, _)| *above < level);
        for section in
            self.sections.iter_mut().filter(|section| section.level >= level && section.whole.end == self.length)
        {
            section.whole.end = at;
        }
        if let Some(lead) = self.sections.first_mut().filter(|section| section.level == 0) {
            lead.whole.end = lead.own.end;
        }
        let trail = self.open.iter().map(|(_, title)| title.clone()).collect();
        self.sections.push(Section {
            level,
            trail,
            own: at..self.length,
            whole: at..self.length,
            ..Section::default()
        });
        self.in_heading = true;
    }

    fn end_heading(&mut self) {
        self.in_heading = false;
        let title = self.current().title.trim().to_string();
        let anchor = self.anchors.next(&title);
        let section = self.current();
        section.title.clone_from(&title);
        section.anchor = anchor;
        let level = section.level;
        self.open.push((level, title));
    }

    fn end_cell(&mut self) {
        if self.in_key {
            self.current().keys.push('\n');
        }
        self.in_key = false;
        self.gap(" ");
    }

    fn text(&mut self, text: &str, inline_code: bool) {
        let (in_heading, in_code, in_key) = (self.in_heading, self.in_code, self.in_key);
        let section = self.current();
        if in_heading {
            section.title.push_str(text);
            return;
        }
        section.text.push_str(text);
        if in_key {
            section.keys.push_str(text);
        }
        if in_code || inline_code {
            section.code.push_str(text);
            section.code.push('\n');
        }
        if !in_code {
            section.body.push_str(text);
        }
    }

    fn gap(&mut self, gap: &str) {
        if self.in_heading {
            self.current().title.push(' ');
            return;
        }
        let section = self.current();
        section.text.push_str(gap);
        section.body.push_str(gap);
    }

    fn finish(mut self) -> Parsed {
        let named = self.sections.iter().find(|section| section.level == 1).map(|section| section.title.clone());
        let title = named.unwrap_or_else(|| self.sections[0].title.clone());
        // Nothing before the first heading is no section, unless the page has nothing else.
        if self.sections.len() > 1 && self.sections[0].text.trim().is_empty() {
            self.sections.remove(0);
        } else {
            self.sections[0].title.clone_from(&title);
        }
        Parsed { title, sections: self.sections, comments: self.comments }
    }
}

/// Diagrams are for the eye.
fn is_picture(kind: &CodeBlockKind) -> bool {
    matches!(kind, CodeBlockKind::Fenced(language) if language.as_ref() == "mermaid")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "---\ntitle: x\n---\n# Guide\n\nLead with `code`.\n\n## One\n\nText one.\n\n```sh\nrun it\n```\n\n### Deep\n\ndeep\n\n## One\n\n```mermaid\nflow\n```\n\n| a | b |\n| --- | --- |\n| c | d |\n";

    #[test]
    fn sections_know_what_they_are_below() {
        let page = parse(PAGE, "guide");
        let shape: Vec<_> = page.sections.iter().map(|one| (one.anchor.as_str(), one.trail.join(">"))).collect();
        let expected = [("guide", ""), ("one", "Guide"), ("deep", "Guide>One"), ("one-1", "Guide")];
        assert_eq!(page.title, "Guide");
        assert_eq!(shape, expected.map(|(anchor, trail)| (anchor, trail.to_string())));
    }

    #[test]
    fn text_and_code_are_told_apart_and_diagrams_left_out() {
        let page = parse(PAGE, "guide");
        assert_eq!(page.sections[0].body.trim(), "Lead with code.");
        assert_eq!(page.sections[0].code.trim(), "code");
        assert_eq!(page.sections[1].code.trim(), "run it");
        assert!(!page.sections[1].body.contains("run it"));
        assert_eq!(page.sections[3].text.split_whitespace().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
    }

    #[test]
    fn links_and_what_tables_explain_are_kept() {
        let table = "| Flag | Means |\n| --- | --- |\n| `--one N` | first |\n| two | second |\n";
        let page = parse(&format!("# X\n\nSee [it](a.md#b) and `c`.\n\n{table}"), "x");
        assert_eq!(page.sections[0].links, ["a.md#b"]);
        assert_eq!(page.sections[0].keys, "--one N\ntwo\n");
    }

    #[test]
    fn comments_are_known_and_are_no_text() {
        let source = "# X\n<!-- track\nname: one\n\nminutes: 5\n-->\n\nText <!-- in a line --> goes on.\n\n```html\n<!-- code -->\n```\n";
        let page = parse(source, "x");
        assert_eq!(
            page.sections[0].text.split_whitespace().collect::<Vec<_>>().join(" "),
            "Text goes on. <!-- code -->"
        );
        let comments: Vec<&str> = page.comments.iter().map(|range| source[range.clone()].trim_end()).collect();
        assert_eq!(comments, ["<!-- track\nname: one\n\nminutes: 5\n-->", "<!-- in a line -->"]);
    }

    #[test]
    fn ranges_cut_the_source_at_headings() {
        let page = parse(PAGE, "guide");
        let one = &page.sections[1];
        assert!(PAGE[one.own.clone()].starts_with("## One") && PAGE[one.own.clone()].trim_end().ends_with("```"));
        assert!(PAGE[one.whole.clone()].trim_end().ends_with("deep"));
        assert_eq!(page.sections[0].whole.end, PAGE.len());
        assert_eq!(page.sections[3].whole.end, PAGE.len());
    }

    #[test]
    fn a_page_without_headings_is_one_section() {
        let page = parse("Just text.", "notes");
        assert_eq!((page.title.as_str(), page.sections.len()), ("notes", 1));
        assert_eq!(page.sections[0].anchor, "");
        assert_eq!(parse("", "empty").sections.len(), 1);
    }

    #[test]
    fn text_before_the_first_heading_is_kept() {
        let page = parse("Before.\n\n## After\n\nx\n", "notes");
        assert_eq!(page.sections[0].own, 0..9);
        assert_eq!(page.sections[0].whole, 0..9);
        assert_eq!(page.sections[1].anchor, "after");
    }
}
