// Package transcript is what the Go programs share: what they were told, how they say a step, how they wait.
package transcript

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"strings"
	"time"
)

// Told is the program's one argument.
type Told struct {
	URL       string            `json:"url"`
	User      string            `json:"user"`
	Password  string            `json:"password"`
	Connector string            `json:"connector"`
	Config    map[string]string `json:"config"`
	Changed   map[string]string `json:"changed"`
	Failing   map[string]string `json:"failing"`
}

// Refusal is an error answer as the client understood it.
type Refusal struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// States of a connector and its tasks.
type States struct {
	Connector string   `json:"connector"`
	Tasks     []string `json:"tasks"`
}

// Read gives what the program was told.
func Read() Told {
	var told Told
	Must(json.Unmarshal([]byte(os.Args[1]), &told))
	return told
}

// Invalid is the config without its topic.
func (told Told) Invalid() map[string]string {
	config := maps.Clone(told.Config)
	delete(config, "topic")
	return config
}

// Loose is a config for clients that take any values.
func Loose(config map[string]string) map[string]any {
	loose := make(map[string]any, len(config))
	for key, value := range config {
		loose[key] = value
	}
	return loose
}

// Failed is what is said of a connector with one failed task.
type Failed struct {
	States
	Traced []bool `json:"traced"`
}

// Traced tells whether a trace names the cause of the failure.
func Traced(trace string) bool {
	return strings.Contains(trace, "ByteArrayConverter")
}

// AllAre has every part in one state.
func AllAre(state string) States {
	return States{state, []string{state}}
}

// Say prints a step.
func Say(step string, got any) {
	line, err := json.Marshal(map[string]any{"step": step, "got": got})
	Must(err)
	fmt.Println(string(line))
}

// Must ends the program on an error.
func Must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Got gives a call's answer; an error ends the program.
func Got[T any](answer T, err error) T {
	Must(err)
	return answer
}

// Refused ends the program unless there was an error.
func Refused(err error) error {
	if err == nil {
		Must(fmt.Errorf("the worker should have refused"))
	}
	return err
}

// Until gives the answer once it is the wanted one; after 30 s whatever it is then.
func Until[T any](wanted T, ask func() (T, error)) T {
	end := time.Now().Add(30 * time.Second)
	for {
		seen, err := ask()
		if err == nil && reflect.DeepEqual(seen, wanted) {
			return seen
		}
		if time.Now().After(end) {
			return Got(seen, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
