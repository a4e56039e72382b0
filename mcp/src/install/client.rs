//! The clients: where their configuration is, and what an entry in it looks like.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::InstallError;

/// Name of the entry.
pub(super) const NAME: &str = "backstack";

/// A program that talks to MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Visual Studio Code: JSON, `servers` in `mcp.json`.
    VsCode,
    /// Cursor: JSON, `mcpServers` in `.cursor/mcp.json`.
    Cursor,
    /// Claude Code: JSON, `mcpServers` in `~/.claude.json`, of a project in `.mcp.json`.
    ClaudeCode,
    /// Claude Desktop: JSON, `mcpServers` in `claude_desktop_config.json`; no entry for a project, and no HTTP.
    ClaudeDesktop,
    /// Codex: TOML, `mcp_servers` in `.codex/config.toml`.
    Codex,
    /// Zed: JSON, `context_servers` in its `settings.json`.
    Zed,
}

/// Folders that decide where files are.
#[derive(Debug, Clone)]
pub struct Places {
    /// The user's home folder.
    pub home: PathBuf,
    /// The user's configuration: `~/.config`, on macOS `~/Library/Application Support`.
    pub config: PathBuf,
    /// Write into this project instead of the user's own configuration, where the client has that.
    pub project: Option<PathBuf>,
}

impl Places {
    /// The user's, on this machine.
    pub fn of_user(home: &Path) -> Self {
        let config = if cfg!(target_os = "macos") {
            home.join("Library/Application Support")
        } else {
            std::env::var_os("XDG_CONFIG_HOME")
                .filter(|value| !value.is_empty())
                .map_or(home.join(".config"), PathBuf::from)
        };
        Self { home: home.into(), config, project: None }
    }
}

/// How the client reaches the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// It starts this program.
    Stdio {
        /// The program, best with its whole path: clients have a `PATH` of their own.
        command: String,
        /// What it is started with, as `mcp`.
        arguments: Vec<String>,
    },
    /// It asks a running one.
    Http {
        /// Address of the running server, as `http://127.0.0.1:7311/mcp`.
        url: String,
        /// Bearer token that the client sends with every request.
        token: String,
    },
}

impl Entry {
    /// The token that the entry holds, which makes its file a secret one; `None` if it starts a program.
    pub(crate) fn token(&self) -> Option<&str> {
        match self {
            Self::Http { token, .. } => Some(token),
            Self::Stdio { .. } => None,
        }
    }
}

/// Where an entry stands in a client's file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The member or table that lists servers.
    pub section: &'static str,
    pub name: &'static str,
}

/// Format of a client's file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    Json,
    Toml,
}

/// Whether a key of our entry says how the server is reached: those are ours, all others are the user's.
pub(super) fn is_ours(key: &str) -> bool {
    ["type", "command", "args", "url", "headers", "http_headers"].contains(&key)
}

impl Client {
    /// Every client, in the order in which they are listed.
    pub const ALL: [Self; 6] =
        [Self::VsCode, Self::Cursor, Self::ClaudeCode, Self::ClaudeDesktop, Self::Codex, Self::Zed];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::VsCode => "vscode",
            Self::Cursor => "cursor",
            Self::ClaudeCode => "claude-code",
            Self::ClaudeDesktop => "claude-desktop",
            Self::Codex => "codex",
            Self::Zed => "zed",
        }
    }

    /// What to do after its file changed.
    pub fn then(self) -> &'static str {
        match self {
            Self::VsCode => "Open the chat view in agent mode; `MCP: List Servers` shows it.",
            Self::Cursor => "Settings > MCP shows it; switch it on if asked.",
            Self::ClaudeCode => "Start `claude` again; `/mcp` shows it.",
            Self::ClaudeDesktop => "Quit and start the app; the tools menu shows it.",
            Self::Codex => "Start `codex` again; `codex mcp list` shows it.",
            Self::Zed => "The agent panel's settings show it.",
        }
    }

    /// Its configuration file.
    pub fn file(self, places: &Places) -> PathBuf {
        if let Some(project) = &places.project {
            return match self {
                Self::VsCode => project.join(".vscode/mcp.json"),
                Self::Cursor => project.join(".cursor/mcp.json"),
                Self::ClaudeCode => project.join(".mcp.json"),
                Self::Codex => project.join(".codex/config.toml"),
                Self::Zed => project.join(".zed/settings.json"),
                Self::ClaudeDesktop => places.config.join("Claude/claude_desktop_config.json"),
            };
        }
        match self {
            Self::VsCode => places.config.join("Code/User/mcp.json"),
            Self::Cursor => places.home.join(".cursor/mcp.json"),
            Self::ClaudeCode => places.home.join(".claude.json"),
            Self::ClaudeDesktop => places.config.join("Claude/claude_desktop_config.json"),
            Self::Codex => places.home.join(".codex/config.toml"),
            // On macOS too Zed looks below ~/.config.
            Self::Zed if cfg!(target_os = "macos") => places.home.join(".config/zed/settings.json"),
            Self::Zed => places.config.join("zed/settings.json"),
        }
    }

    pub(super) fn format(self) -> Format {
        match self {
            Self::Codex => Format::Toml,
            _ => Format::Json,
        }
    }

    /// A file of its with nothing in it.
    pub(super) fn nothing(self) -> &'static str {
        match self.format() {
            Format::Json => "{}\n",
            Format::Toml => "",
        }
    }

    pub(super) fn place(self) -> Place {
        let section = match self {
            Self::VsCode => "servers",
            Self::Cursor | Self::ClaudeCode | Self::ClaudeDesktop => "mcpServers",
            Self::Codex => "mcp_servers",
            Self::Zed => "context_servers",
        };
        Place { section, name: NAME }
    }

    pub(super) fn entry(self, entry: &Entry) -> Result<Map<String, Value>, InstallError> {
        let headers = |token: &str| json!({"Authorization": format!("Bearer {token}")});
        let value = match (self, entry) {
            (Self::VsCode | Self::ClaudeCode, Entry::Stdio { command, arguments }) => {
                json!({"type": "stdio", "command": command, "args": arguments})
            }
            (Self::Cursor | Self::ClaudeDesktop | Self::Codex | Self::Zed, Entry::Stdio { command, arguments }) => {
                json!({"command": command, "args": arguments})
            }
            (Self::VsCode | Self::ClaudeCode, Entry::Http { url, token }) => {
                json!({"type": "http", "url": url, "headers": headers(token)})
            }
            (Self::Cursor | Self::Zed, Entry::Http { url, token }) => json!({"url": url, "headers": headers(token)}),
            (Self::Codex, Entry::Http { url, token }) => json!({"url": url, "http_headers": headers(token)}),
            (Self::ClaudeDesktop, Entry::Http { .. }) => {
                return Err(InstallError::NoHttp { client: "Claude Desktop" });
            }
        };
        Ok(value.as_object().cloned().unwrap_or_default())
    }
}
