//! Rules for `component.yaml` on its own.

use serde_json::Value;

use crate::draft::{ComponentDraft, Read};
use crate::model::{ComponentFile, CrdSource, GeneratedSecret, ImageRef, ReadyCondition};
use crate::problem::Problems;
use crate::reference::{Piece, pieces};
use crate::yaml::child;
use backstack_common::words::{is_label, is_short_name, is_subdomain, it_has};
use backstack_images::Digest;

pub(super) fn check(draft: &ComponentDraft, problems: &mut Problems) {
    let read = &draft.component;
    let Some(file) = &read.file else { return };
    names(draft, file, problems);
    for (name, image) in &file.images {
        let pointer = child("/images", name);
        short_name(read, &pointer, "image", name, problems);
        check_image(read, &pointer, image, problems);
    }
    for (index, source) in file.crds.iter().enumerate() {
        crds(read, &format!("/crds/{index}"), source, problems);
    }
    for (name, secret) in &file.secrets {
        secrets(read, name, secret, problems);
    }
    credentials(read, file, problems);
    tools(read, file, problems);
    if file.readiness.timeout_seconds == 0 {
        problems.error(&read.name, read.line("/readiness/timeout_seconds"), "`timeout_seconds` must be at least 1");
    }
    for (index, condition) in file.readiness.conditions.iter().enumerate() {
        if let Some(fault) = condition_fault(condition) {
            problems.error(&read.name, read.line(&format!("/readiness/conditions/{index}")), fault);
        }
    }
    if let Some(document) = &read.document {
        no_references(read, &document.value, "", problems);
    }
}

fn names(draft: &ComponentDraft, file: &ComponentFile, problems: &mut Problems) {
    let read = &draft.component;
    if file.name != draft.name {
        let message = format!("`name` is `{}`, but its folder is `{}`; both must be the same", file.name, draft.name);
        problems.error(&read.name, read.line("/name"), message);
    }
    if !is_label(&file.namespace) {
        let message = format!("namespace `{}` must be lower-case letters, digits and dashes", file.namespace);
        problems.error(&read.name, read.line("/namespace"), message);
    }
    if file.version.is_empty() || file.version.starts_with('v') {
        problems.error(&read.name, read.line("/version"), "`version` is upstream's version without a leading `v`");
    }
    if let Some(class) = &file.ingress_class
        && !is_subdomain(class)
    {
        let message = format!("`{class}` cannot be the name of an IngressClass");
        problems.error(&read.name, read.line("/ingress_class"), message);
    }
}

pub(super) fn short_name<T>(read: &Read<T>, pointer: &str, what: &str, name: &str, problems: &mut Problems) {
    if !is_short_name(name) {
        let message = format!("{what} name `{name}` must be letters, digits, dashes and underscores");
        problems.error(&read.name, read.line(pointer), message);
    }
}

/// An image must name its registry and tag, so that the same image is meant everywhere.
pub(super) fn check_image<T>(read: &Read<T>, pointer: &str, image: &ImageRef, problems: &mut Problems) {
    if let Err(message) = reference(&image.reference) {
        problems.error(&read.name, read.line(&child(pointer, "reference")), message);
    }
    match (&image.missing, &image.recipe) {
        (Some(why), _) if why.trim().is_empty() => {
            problems.error(
                &read.name,
                read.line(&child(pointer, "missing")),
                "`missing` must say why no package can build it",
            );
        }
        (Some(_), Some(recipe)) => {
            let message =
                format!("`missing` says that no package can build it, but there is recipe `{recipe}`; leave one out");
            problems.error(&read.name, read.line(&child(pointer, "missing")), message);
        }
        _ => {}
    }
    if image.own && image.recipe.is_none() {
        let message = "`own` says that a recipe of this stack makes the image, but there is no `recipe`";
        problems.error(&read.name, read.line(&child(pointer, "own")), message);
    }
    if let Some(digest) = &image.digest {
        check_digest(read, &child(pointer, "digest"), digest, problems);
    }
}

fn reference(text: &str) -> Result<(), String> {
    let fault = |what: &str| Err(format!("image `{text}` {what}, as in `docker.io/library/registry:3.1.2`"));
    if text.contains('@') {
        return Err(format!("image `{text}` holds a digest; write it as `digest: sha256:...` beside `reference`"));
    }
    let Some((host, path)) = text.split_once('/') else { return fault("must name its registry's host") };
    if !host.contains(['.', ':']) && host != "localhost" {
        return fault("must name its registry's host");
    }
    let Some((repository, tag)) = path.rsplit_once(':') else { return fault("must have a tag") };
    let part = |part: &str| {
        let ends_well = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        ends_well(part.bytes().next())
            && ends_well(part.bytes().last())
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte))
    };
    let tag_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if !repository.split('/').all(part) {
        return fault("has a malformed repository");
    }
    if tag.is_empty() || tag.len() > 128 || tag.starts_with(['.', '-']) || !tag.bytes().all(tag_byte) {
        return fault("has a malformed tag");
    }
    Ok(())
}

fn check_digest<T>(read: &Read<T>, pointer: &str, digest: &str, problems: &mut Problems) {
    if let Err(error) = digest.parse::<Digest>() {
        problems.error(&read.name, read.line(pointer), error.to_string());
    }
}

fn crds<T>(read: &Read<T>, pointer: &str, source: &CrdSource, problems: &mut Problems) {
    let module = source.module.split_once('@');
    if !module.is_some_and(|(path, version)| path.contains('/') && version.starts_with('v')) {
        let message =
            format!("`{}` must be a Go module and its version, as `example.org/module@v1.2.3`", source.module);
        problems.error(&read.name, read.line(&child(pointer, "module")), message);
    }
    if !source.url.starts_with("https://") {
        problems.error(&read.name, read.line(&child(pointer, "url")), "`url` must start with `https://`");
    }
    let files = child(pointer, "files");
    if source.files.is_empty() {
        problems.error(&read.name, read.line(&files), "`files` must name at least one file");
    }
    for (path, digest) in &source.files {
        let at = child(&files, path);
        if path.starts_with('/') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            let message = format!("`{path}` must be a path inside the module, without a leading `/`");
            problems.error(&read.name, read.line(&at), message);
        }
        check_digest(read, &at, digest, problems);
    }
}

fn secrets<T>(read: &Read<T>, name: &str, secret: &GeneratedSecret, problems: &mut Problems) {
    let pointer = child("/secrets", name);
    if !is_subdomain(name) {
        problems.error(&read.name, read.line(&pointer), format!("`{name}` cannot be the name of a Secret"));
    }
    match secret {
        GeneratedSecret::Random(keys) if keys.is_empty() => {
            problems.error(&read.name, read.line(&pointer), "`random` needs at least one key with a length");
        }
        GeneratedSecret::Random(keys) => {
            for (key, length) in keys.iter().filter(|(_, length)| !(8..=1024).contains(*length)) {
                let line = read.line(&child(&child(&pointer, "random"), key));
                problems.error(&read.name, line, format!("a password of {length} characters: must be 8 to 1024"));
            }
        }
        // Whose Secret it may be, the other components decide: see `copies`.
        GeneratedSecret::Certificate(_) | GeneratedSecret::Authority {} | GeneratedSecret::Copy(_) => {}
    }
}

fn condition_fault(wanted: &ReadyCondition) -> Option<&'static str> {
    let ways = [wanted.condition.is_some(), wanted.field.is_some() || wanted.value.is_some(), wanted.exists];
    match ways.iter().filter(|way| **way).count() {
        0 => return Some("one of `condition`, `field` with `value`, and `exists: true` must be set"),
        1 => {}
        _ => return Some("only one of `condition`, `field` with `value`, and `exists: true` may be set"),
    }
    match (&wanted.field, &wanted.value) {
        (Some(field), _) if field.split('.').any(str::is_empty) => {
            Some("`field` must be a path with dots, as `status.phase`")
        }
        (Some(_), None) => Some("`field` needs a `value`"),
        (None, Some(_)) => Some("`value` needs a `field`"),
        (_, Some(Value::Array(_) | Value::Object(_) | Value::Null)) => {
            Some("`value` must be text, a number, `true` or `false`")
        }
        _ => None,
    }
}

fn credentials(read: &Read<ComponentFile>, file: &ComponentFile, problems: &mut Problems) {
    for (index, credential) in file.credentials.iter().enumerate() {
        let Some(path) = &credential.path else { continue };
        let routes = file.routes.iter().map(|route| route.path.as_str());
        if !routes.clone().any(|route| route.trim_end_matches('/') == path.trim_end_matches('/')) {
            let line = read.line(&format!("/credentials/{index}/path"));
            problems.error(&read.name, line, format!("`{path}` is no route of this component {}", it_has(routes)));
        }
    }
}

fn tools(read: &Read<ComponentFile>, file: &ComponentFile, problems: &mut Problems) {
    for (index, tool) in file.tools.iter().enumerate() {
        let pointer = format!("/tools/{index}");
        short_name(read, &child(&pointer, "name"), "program", &tool.name, problems);
        if !file.images.contains_key(&tool.image) {
            let images = it_has(file.images.keys().map(String::as_str));
            let message = format!("`{}` is no image of this component {images}", tool.image);
            problems.error(&read.name, read.line(&child(&pointer, "image")), message);
        }
        if !tool.path.starts_with('/') {
            let message = format!("`{}` must be a path in the image that begins with `/`", tool.path);
            problems.error(&read.name, read.line(&child(&pointer, "path")), message);
        }
        if file.tools[..index].iter().any(|before| before.name == tool.name) {
            let message = format!("program `{}` is there twice", tool.name);
            problems.error(&read.name, read.line(&child(&pointer, "name")), message);
        }
    }
}

/// References are only filled in in manifests; elsewhere they would stay as they are, unnoticed.
fn no_references<T>(read: &Read<T>, value: &Value, pointer: &str, problems: &mut Problems) {
    match value {
        Value::String(text) => {
            let is_prose = ["/description", "/title", "/missing"].iter().any(|end| pointer.ends_with(end));
            let found = pieces(text).into_iter().find_map(|piece| match piece {
                Piece::Reference(name, _) => Some(name),
                _ => None,
            });
            if let Some(name) = found.filter(|_| !is_prose) {
                let message = format!("`${{{name}}}` is filled in in manifests only, not here");
                problems.error(&read.name, read.line(pointer), message);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                no_references(read, item, &child(pointer, index), problems);
            }
        }
        Value::Object(map) => {
            for (key, item) in map {
                no_references(read, item, &child(pointer, key), problems);
            }
        }
        _ => {}
    }
}
