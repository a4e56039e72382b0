//! The engine's view of the platform's containers.

use serde_json::Value;

use super::clock::Clock;
use super::gathered::Gathered;
use super::{Unwritten, scrub};
use crate::docker::Engine;
use crate::error::chain;

/// Of what a container itself wrote, the last lines.
const LINES: u32 = 500;

/// What the engine says of itself, and of each container.
pub(super) async fn take(
    engine: &Engine,
    containers: &[String],
    clock: Clock,
    into: &mut Gathered,
) -> Result<(), Unwritten> {
    let asked = async { engine.info().await.map_err(|error| chain(&error).join(": ")) };
    json(into, "engine/info.json", clock.within(asked).await)?;
    let asked = async { engine.docker().version().await.map_err(|error| error.to_string()) };
    json(into, "engine/version.json", clock.within(asked).await)?;
    for container in containers {
        let asked = async { engine.inspect(container).await.map_err(|error| chain(&error).join(": ")) };
        let found = clock.within(asked).await.and_then(|found| found.ok_or("there is no such container".into()));
        let shown = found.map(|found| {
            let mut found = serde_json::to_value(found).unwrap_or_default();
            found.pointer_mut("/Config/Env").map(scrub::environment);
            found
        });
        json(into, &format!("engine/{container}.json"), shown)?;
        let asked = async { Ok::<_, String>(engine.logs(container, LINES).await) };
        match clock.within(asked).await {
            Ok(log) => into.text(&format!("engine/{container}.log"), &log)?,
            Err(why) => into.left_out(&format!("engine/{container}.log"), &why),
        }
    }
    Ok(())
}

fn json(into: &mut Gathered, file: &str, answer: Result<impl serde::Serialize, String>) -> Result<(), Unwritten> {
    match answer {
        Ok(answer) => {
            let value = serde_json::to_value(answer).unwrap_or(Value::Null);
            into.json(file, value)
        }
        Err(why) => {
            into.left_out(file, &why);
            Ok(())
        }
    }
}
