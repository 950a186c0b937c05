// Flags in Go: the stock OFREP provider against pennond, over HTTP or its Unix socket.
//
//	OFREP_URL=http://127.0.0.1:8016 go run .
//	OFREP_SOCKET=/run/pennon/pennon.sock go run .
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/open-feature/go-sdk-contrib/providers/ofrep"
	"github.com/open-feature/go-sdk/openfeature"
)

func makeProvider() *ofrep.Provider {
	if socket := os.Getenv("OFREP_SOCKET"); socket != "" {
		dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}
		client := &http.Client{Transport: &http.Transport{DialContext: dial}}
		return ofrep.NewProvider("http://localhost", ofrep.WithClient(client))
	}
	url := os.Getenv("OFREP_URL")
	if url == "" {
		url = "http://127.0.0.1:8016"
	}
	return ofrep.NewProvider(url)
}

func show[T any](details openfeature.GenericEvaluationDetails[T], _ error) {
	line, err := json.Marshal(map[string]any{
		"flag": details.FlagKey, "value": details.Value, "variant": details.Variant, "error": details.ErrorCode,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(line))
}

func main() {
	if err := openfeature.SetProviderAndWait(makeProvider()); err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	client := openfeature.NewClient("example")
	user := openfeature.NewEvaluationContext("user-7", map[string]any{"country": "NO", "age": 41})
	show(client.BooleanValueDetails(ctx, "new-checkout", false, user))
	show(client.StringValueDetails(ctx, "banner", "none", user))
	show(client.IntValueDetails(ctx, "page-size", 10, user))
	show(client.FloatValueDetails(ctx, "sample-rate", 0.5, user))
	show(client.ObjectValueDetails(ctx, "layout", map[string]any{}, user))
	show(client.BooleanValueDetails(ctx, "not-there", true, user))
	show(client.StringValueDetails(ctx, "new-checkout", "of another type", user))
}
