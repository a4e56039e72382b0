package ready

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestWhatIsInTheWayIsToldByStatusAndInWords(t *testing.T) {
	state := New("nothing was looked at yet")
	ask := func() (int, string) {
		recorder := httptest.NewRecorder()
		state.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, Path, nil))
		return recorder.Code, strings.TrimSpace(recorder.Body.String())
	}
	for _, step := range []struct {
		set    bool
		told   string
		status int
		text   string
	}{
		{false, "", http.StatusServiceUnavailable, "nothing was looked at yet"},
		{true, "", http.StatusOK, "ready"},
		{true, "Gitea does not answer", http.StatusServiceUnavailable, "Gitea does not answer"},
	} {
		if step.set {
			state.Set(step.told)
		}
		if status, text := ask(); status != step.status || text != step.text {
			t.Errorf("after %q: %d %s", step.told, status, text)
		}
	}
}

func TestACheckFailsUntilTheProgramIsReady(t *testing.T) {
	state := New("busy")
	mux := http.NewServeMux()
	mux.Handle("GET "+Path, state)
	server := httptest.NewServer(mux)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if Check(":"+port) == 0 {
		t.Error("a program that is busy is taken for ready")
	}
	state.Set("")
	if Check(":"+port) != 0 {
		t.Error("a program that is ready is not taken for it")
	}
	server.Close()
	if Check(":"+port) == 0 || Check("") == 0 {
		t.Error("a program that is not there is taken for ready")
	}
}
