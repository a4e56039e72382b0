//! `--set COMPONENT.PARAMETER=VALUE`, checked against what the stack's components take.

use std::sync::Arc;

use serde_json::Value;

use crate::error::{ExitKind, Explain};
use crate::stack::Stack;
use crate::stack::model::ParameterType;

/// A parameter cannot be set so.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum ParameterError {
    #[error("stack `{stack}` has no component `{component}`")]
    Component { stack: String, component: String, known: Vec<String> },
    #[error("component `{component}` has no parameter `{parameter}`")]
    Parameter { component: String, parameter: String, known: Vec<String> },
    #[error("parameter `{component}.{parameter}` takes {wanted}, not `{value}`")]
    Value { component: String, parameter: String, wanted: String, value: String },
}

impl Explain for ParameterError {
    fn kind(&self) -> ExitKind {
        ExitKind::Usage
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::Component { known, .. } => format!("It has: {}.", known.join(", ")),
            Self::Parameter { known, .. } if known.is_empty() => "It takes none.".into(),
            Self::Parameter { known, .. } => format!("It takes: {}.", known.join(", ")),
            Self::Value { .. } => "Write `--set COMPONENT.PARAMETER=VALUE` with such a value.".into(),
        }]
    }
}

/// Sets parameters of the stack's components.
///
/// # Errors
/// [`ParameterError`] for the first that cannot be set; then the stack is not used.
pub(super) fn set(stack: &mut Stack, values: &[(String, String, Value)]) -> Result<(), ParameterError> {
    for (name, parameter, value) in values {
        let known: Vec<_> = stack.components.iter().map(|component| component.file.name.clone()).collect();
        let Some(component) = stack.components.iter_mut().find(|component| component.file.name == *name) else {
            return Err(ParameterError::Component { stack: stack.name.clone(), component: name.clone(), known });
        };
        let Some(declared) = component.file.parameters.get(parameter) else {
            let known = component.file.parameters.keys().cloned().collect();
            return Err(ParameterError::Parameter { component: name.clone(), parameter: parameter.clone(), known });
        };
        let fits = match declared.kind {
            ParameterType::String => value.is_string(),
            ParameterType::Integer => value.is_i64() || value.is_u64(),
            ParameterType::Boolean => value.is_boolean(),
        };
        let allowed = declared.allowed.is_empty() || declared.allowed.contains(value);
        if !fits || !allowed {
            let choices: Vec<_> = declared.allowed.iter().map(ToString::to_string).collect();
            let wanted =
                if choices.is_empty() { word(declared.kind).into() } else { format!("one of {}", choices.join(", ")) };
            let (component, parameter) = (name.clone(), parameter.clone());
            return Err(ParameterError::Value { component, parameter, wanted, value: value.to_string() });
        }
        Arc::make_mut(component).parameters.insert(parameter.clone(), value.clone());
    }
    Ok(())
}

fn word(kind: ParameterType) -> &'static str {
    match kind {
        ParameterType::String => "a text",
        ParameterType::Integer => "a whole number",
        ParameterType::Boolean => "`true` or `false`",
    }
}
