package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Watch follows a Kubernetes list from a path that asks for a watch: `see` gets each event's object, and says when it has
// seen enough. That the server ends the watch before is an error.
func (client *Client) Watch(ctx context.Context, path string, see func(object json.RawMessage) (bool, error)) error {
	request, err := client.request(ctx, http.MethodGet, path, "", nil)
	if err != nil {
		return err
	}
	response, err := client.HTTP.Do(request)
	if err != nil {
		return fmt.Errorf("%s does not answer: %w", client.Name, err)
	}
	defer response.Body.Close()
	if response.StatusCode/100 != 2 {
		answer, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return client.refused(http.MethodGet, path, response, answer)
	}
	for events := json.NewDecoder(response.Body); ; {
		var event struct {
			Type   string          `json:"type"`
			Object json.RawMessage `json:"object"`
		}
		switch err := events.Decode(&event); {
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%s ended the watch of %s", client.Name, path)
		case err != nil:
			return fmt.Errorf("%s broke off the watch of %s: %w", client.Name, path, err)
		case event.Type == "ERROR":
			return fmt.Errorf("%s ended the watch of %s: %s", client.Name, path, message(event.Object))
		}
		if done, err := see(event.Object); done || err != nil {
			return err
		}
	}
}
