// A server that tells what it was told.
package main

import (
	"fmt"
	"log"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(answer http.ResponseWriter, request *http.Request) {
		fmt.Fprintln(answer, os.Getenv("NAME"), request.URL.Path, os.Getenv("URL"), os.Getenv("TOKEN"))
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
