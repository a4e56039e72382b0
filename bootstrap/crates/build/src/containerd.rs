//! `containerd_store` layers: images inside an image, where containerd looks for its own.
//!
//! containerd's database is written by a Go program that comes with the recipe; it is given every
//! image as an OCI layout.

use super::Architecture;
use super::archive::write_oci_layout;
use super::context::Context;
use super::error::BuildError;
use super::files::put_folder;
use super::golang::{Built, Module, Program, Settings};
use super::image::BuiltImage;
use super::process::Tool;
use super::tree::Tree;
use backstack_common::report::Progress;
use backstack_stack::files::FileTree;
use backstack_stack::recipe::ContainerdStoreLayer;

/// Writes built images into a store below a new tree.
///
/// # Errors
/// The writer does not compile, or fails.
pub(super) async fn write(
    context: &Context,
    recipe: &FileTree,
    layer: &ContainerdStoreLayer,
    images: &[(String, BuiltImage)],
    merged_usr: bool,
    progress: &Progress,
) -> Result<Built, BuildError> {
    let work = context.work().folder()?;
    let failed = || BuildError::io(format!("cannot write to {}", work.path().display()));
    let module = Module::new(context, recipe, &layer.writer)?;
    let writer = work.path().join("writer");
    // The writer runs here, whatever machine the image is for.
    let settings = Settings::plain(Architecture::host());
    let program = Program { name: "the store's writer", package: ".", output: &writer };
    let turn = module.turn(context, context.fetch_turn().await, &[program.package], &settings, progress).await?;
    module.build(context, &program, &settings, progress, Some(turn)).await?;
    progress.detail(format!("putting {} images into containerd's store", images.len()));
    let root = work.path().join("root");
    std::fs::create_dir(&root).map_err(failed())?;
    let mut arguments = Vec::new();
    for (number, (reference, image)) in images.iter().enumerate() {
        let layout = work.path().join(format!("image-{number}"));
        write_oci_layout(context.store(), &image.manifest, reference, &layout).map_err(failed())?;
        arguments.push(format!("{reference}={}", layout.display()));
    }
    let tool = Tool::here(&writer, None, format!("writing {}", recipe.display("."))).with(|command| {
        command.arg(&root).args(&arguments);
    });
    tool.run(|_| {}).await?;
    let mut tree = Tree::new(merged_usr);
    put_folder(&mut tree, &root, "")?;
    Ok((tree, Vec::new(), Some(work)))
}
