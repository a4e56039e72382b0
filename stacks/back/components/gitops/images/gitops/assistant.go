package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"backstack.dev/lib/client"
)

// The revision of the protocol in which each request stands by itself.
const revision = "2026-07-28"

// The platform's MCP server, which assistants ask too: so a person reads at a pull request what an assistant is told before
// it proposes the same.
type assistant struct {
	client *client.Client
}

// What a change would do, as the tool change_preview tells it.
type preview struct {
	Summary    string      `json:"summary"`
	Acceptable bool        `json:"acceptable"`
	Verdict    string      `json:"verdict"`
	DryRun     []tried     `json:"dry_run"`
	Composed   *composed   `json:"composed"`
	GoesToo    []string    `json:"goes_too"`
	Images     []image     `json:"images"`
	AlsoOpen   []otherPull `json:"also_open"`
}

type tried struct {
	Object   string   `json:"object"`
	Warnings []string `json:"warnings"`
}

type composed struct {
	Composition string  `json:"composition"`
	DryRun      []tried `json:"dry_run"`
	Resources   []struct {
		Object string `json:"object"`
		Effect string `json:"effect"`
	} `json:"resources"`
}

type image struct {
	Image  string `json:"image"`
	State  string `json:"state"`
	Detail string `json:"detail"`
}

type otherPull struct {
	Number int64  `json:"pull_request"`
	Title  string `json:"title"`
}

// The judge knows what is asked, and refuses to answer: the words say why.
type unclear string

func (why unclear) Error() string { return string(why) }

func newAssistant(address, token string) *assistant {
	judge := client.New("the platform's judge", address, func(request *http.Request) error {
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("Mcp-Protocol-Version", revision)
		request.Header.Set("Mcp-Method", "tools/call")
		request.Header.Set("Mcp-Name", "change_preview")
		return nil
	})
	// To run a composition that nobody has merged, its functions have to start.
	judge.HTTP.Timeout = 90 * time.Second
	return &assistant{judge}
}

// Asks what a change would do. Nothing is changed by that.
func (assistant *assistant) preview(ctx context.Context, arguments map[string]any) (*preview, error) {
	arguments["max_tokens"] = 20_000
	question := map[string]any{
		"jsonrpc": "2.0", "id": 1, "method": "tools/call",
		"params": map[string]any{
			"name": "change_preview", "arguments": arguments,
			"_meta": map[string]any{
				"io.modelcontextprotocol/protocolVersion":    revision,
				"io.modelcontextprotocol/clientCapabilities": map[string]any{},
				"io.modelcontextprotocol/clientInfo":         map[string]any{"name": "gitops", "version": "1"},
			},
		},
	}
	var answer struct {
		Error *struct {
			Message string `json:"message"`
		} `json:"error"`
		Result struct {
			IsError bool `json:"isError"`
			Content []struct {
				Text string `json:"text"`
			} `json:"content"`
			Facts *preview `json:"structuredContent"`
		} `json:"result"`
	}
	if err := assistant.client.Send(ctx, http.MethodPost, "/mcp", question, &answer); err != nil {
		return nil, err
	}
	if answer.Error != nil {
		return nil, fmt.Errorf("the platform's judge cannot tell: %s", answer.Error.Message)
	}
	if answer.Result.IsError || answer.Result.Facts == nil {
		var said []string
		for _, part := range answer.Result.Content {
			said = append(said, part.Text)
		}
		return nil, unclear(strings.Join(said, " "))
	}
	return answer.Result.Facts, nil
}

func isUnclear(err error) bool {
	var why unclear
	return errors.As(err, &why)
}
