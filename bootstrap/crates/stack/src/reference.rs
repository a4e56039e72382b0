//! `${...}` in manifests: what may stand there and how a text is cut at it.

use backstack_common::words::{did_you_mean, it_has, one_of};

/// What a reference stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reference<'a> {
    /// `${images.NAME}`: the image's reference, or with `.FIELD` a part of it.
    Image(&'a str, ImageField),
    /// `${parameters.NAME}`: the parameter's value.
    Parameter(&'a str),
    /// `${platform.FIELD}`: a fact about the platform.
    Platform(PlatformField),
    /// `${namespace}`: the component's namespace.
    Namespace,
}

/// What `${images.NAME}` and `${images.NAME.*}` know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImageField {
    /// The whole reference, as pods take it.
    Reference,
    /// Where the local registry has it: `quay.io/argoproj/argocd`.
    Repository,
    /// `sha256:...` of what the local registry has.
    Digest,
}

impl ImageField {
    /// Every part by its name in manifests.
    pub(super) const PARTS: [(&'static str, Self); 2] = [("repository", Self::Repository), ("digest", Self::Digest)];
}

/// What `${platform.*}` knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlatformField {
    Name,
    Url,
    Host,
    Port,
    Namespace,
    CaBundle,
    Registry,
}

impl PlatformField {
    /// Every field by its name in manifests.
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("name", Self::Name),
        ("url", Self::Url),
        ("host", Self::Host),
        ("port", Self::Port),
        ("namespace", Self::Namespace),
        ("ca_bundle", Self::CaBundle),
        ("registry", Self::Registry),
    ];
}

impl<'a> Reference<'a> {
    /// Understands what stands between the braces.
    ///
    /// # Errors
    /// What is wrong with it, and what there is instead.
    pub(super) fn parse(text: &'a str) -> Result<Self, String> {
        if text == "namespace" {
            return Ok(Self::Namespace);
        }
        match text.split_once('.') {
            Some(("images", name)) => match name.split_once('.') {
                None => Ok(Self::Image(name, ImageField::Reference)),
                Some((image, part)) => match ImageField::PARTS.iter().find(|(field, _)| *field == part) {
                    Some((_, field)) => Ok(Self::Image(image, *field)),
                    None => Err(unknown_part(text, image, part)),
                },
            },
            Some(("parameters", name)) => Ok(Self::Parameter(name)),
            Some(("platform", name)) => match PlatformField::ALL.iter().find(|(field, _)| *field == name) {
                Some((_, field)) => Ok(Self::Platform(*field)),
                None => Err(unknown(text, "platform", PlatformField::ALL.iter().map(|(field, _)| *field))),
            },
            _ => Err(format!(
                "`${{{text}}}` is not known: {} can be filled in; for a literal `${{` write `$${{`",
                one_of(["${images.*}", "${parameters.*}", "${platform.*}", "${namespace}"])
            )),
        }
    }
}

/// "`${images.X}` is not known": the text for a name that its group does not have.
pub(super) fn unknown<'a>(text: &str, group: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let name = text.split_once('.').map_or(text, |(_, name)| name);
    let guess = closest_in_group(name, group, names.clone());
    let list = if guess.is_empty() { format!(" {}", it_has(names)) } else { guess };
    format!("`${{{text}}}` is not known{list}")
}

fn unknown_part(text: &str, image: &str, part: &str) -> String {
    let parts = ImageField::PARTS.iter().map(|(field, _)| *field);
    let guess = closest_in_group(part, &format!("images.{image}"), parts.clone());
    let help = if guess.is_empty() { format!(" {}", it_has(parts)) } else { guess };
    format!("`${{{text}}}` is not known{help}")
}

fn closest_in_group<'a>(name: &str, group: &str, names: impl Iterator<Item = &'a str>) -> String {
    let guess = did_you_mean(name, names);
    guess.replacen('`', &format!("`${{{group}."), 1).replace("`?", "}`?")
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Text that stays.
    Text(&'a str),
    /// What stands between `${` and `}`, and the byte where the `$` is.
    Reference(&'a str, usize),
    /// A `${` that no `}` closes, and where it is.
    Unclosed(usize),
}

/// Cuts a text at its references. `$${` is a literal `${`.
pub(super) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = 0;
    let mut from = 0;
    while let Some(found) = text[from..].find("${") {
        let at = from + found;
        if at > rest && text.as_bytes()[at - 1] == b'$' {
            pieces.push(Piece::Text(&text[rest..at - 1]));
            pieces.push(Piece::Text("${"));
            rest = at + 2;
        } else {
            pieces.push(Piece::Text(&text[rest..at]));
            match text[at..].find('}').map(|length| at + length).filter(|end| !text[at..*end].contains('\n')) {
                Some(end) => {
                    pieces.push(Piece::Reference(&text[at + 2..end], at));
                    rest = end + 1;
                }
                None => {
                    pieces.push(Piece::Unclosed(at));
                    rest = at + 2;
                }
            }
        }
        from = rest;
    }
    pieces.push(Piece::Text(&text[rest..]));
    pieces.retain(|piece| *piece != Piece::Text(""));
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use Piece::{Reference as Ref, Text, Unclosed};

    #[test]
    fn texts_are_cut_at_references() {
        for (text, expected) in [
            ("", vec![]),
            ("plain $x $(y)", vec![Text("plain $x $(y)")]),
            ("${a}", vec![Ref("a", 0)]),
            ("x${a}y${b.c}", vec![Text("x"), Ref("a", 1), Text("y"), Ref("b.c", 6)]),
            ("$${a}", vec![Text("${"), Text("a}")]),
            ("$$${a}", vec![Text("$"), Text("${"), Text("a}")]),
            ("${a}${b}", vec![Ref("a", 0), Ref("b", 4)]),
            ("${a}$${b}", vec![Ref("a", 0), Text("${"), Text("b}")]),
            ("${a", vec![Unclosed(0), Text("a")]),
            ("${a\n}", vec![Unclosed(0), Text("a\n}")]),
            ("ü${a}", vec![Text("ü"), Ref("a", 2)]),
        ] {
            assert_eq!(pieces(text), expected, "{text:?}");
        }
    }

    #[test]
    fn references_are_understood_or_explained() {
        assert_eq!(Reference::parse("images.server"), Ok(Reference::Image("server", ImageField::Reference)));
        assert_eq!(Reference::parse("images.server.digest"), Ok(Reference::Image("server", ImageField::Digest)));
        assert_eq!(Reference::parse("parameters.size"), Ok(Reference::Parameter("size")));
        assert_eq!(Reference::parse("platform.port"), Ok(Reference::Platform(PlatformField::Port)));
        assert_eq!(Reference::parse("namespace"), Ok(Reference::Namespace));
        let error = |text| Reference::parse(text).expect_err("unknown");
        assert_eq!(error("platform.prot"), "`${platform.prot}` is not known; did you mean `${platform.port}`?");
        assert_eq!(
            error("platform.domainname"),
            "`${platform.domainname}` is not known (it has: name, url, host, port, namespace, ca_bundle, registry)"
        );
        assert_eq!(error("images.a.digets"), "`${images.a.digets}` is not known; did you mean `${images.a.digest}`?");
        assert_eq!(error("images.a.b.c"), "`${images.a.b.c}` is not known (it has: repository, digest)");
        assert!(error("HOME").ends_with("for a literal `${` write `$${`"));
    }
}
