// The resource of Terraform's provider through plan, apply, refresh, change, import and destroy.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	provider "github.com/Mongey/terraform-provider-kafka-connect/connect"
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/terraform"
	. "millrace.test/rest-clients/transcript"
)

func check(diagnostics diag.Diagnostics) {
	for _, one := range diagnostics {
		Must(fmt.Errorf("%s %s", one.Summary, one.Detail))
	}
}

// wanted is a resource's block; where the file is shall be nobody's business.
func wanted(told Told, config map[string]string) *terraform.ResourceConfig {
	open := Loose(config)
	delete(open, "file")
	return terraform.NewResourceConfigRaw(map[string]any{
		"name": told.Connector, "config": open, "config_sensitive": map[string]any{"file": config["file"]},
	})
}

type world struct {
	resource *schema.Resource
	meta     any
}

func (w world) plan(state *terraform.InstanceState, to *terraform.ResourceConfig) *terraform.InstanceDiff {
	return Got(w.resource.Diff(context.Background(), state, to, w.meta))
}

func (w world) apply(state *terraform.InstanceState, to *terraform.ResourceConfig) *terraform.InstanceState {
	state, diagnostics := w.resource.Apply(context.Background(), state, w.plan(state, to), w.meta)
	check(diagnostics)
	return state
}

func (w world) refresh(state *terraform.InstanceState) *terraform.InstanceState {
	state, diagnostics := w.resource.RefreshWithoutUpgrade(context.Background(), state, w.meta)
	check(diagnostics)
	return state
}

func (w world) refused(to *terraform.ResourceConfig) Refusal {
	_, diagnostics := w.resource.Apply(context.Background(), nil, w.plan(nil, to), w.meta)
	if !diagnostics.HasError() {
		Must(fmt.Errorf("the worker should have refused"))
	}
	var body struct {
		Status  int    `json:"error_code"`
		Message string `json:"message"`
	}
	_, text, _ := strings.Cut(diagnostics[0].Summary, " : ")
	Must(json.Unmarshal([]byte(text), &body))
	return Refusal{body.Status, body.Message}
}

// configOf joins both maps of a state, which keeps them flat.
func configOf(state *terraform.InstanceState) map[string]string {
	config := map[string]string{}
	for key, value := range state.Attributes {
		for _, prefix := range []string{"config.", "config_sensitive."} {
			if name, found := strings.CutPrefix(key, prefix); found && name != "%" {
				config[name] = value
			}
		}
	}
	return config
}

func main() {
	// The provider prints what it does where the transcript goes.
	transcript := os.Stdout
	quiet := Got(os.Open(os.DevNull))
	say := func(step string, got any) {
		os.Stdout = transcript
		Say(step, got)
		os.Stdout = quiet
	}
	os.Stdout = quiet

	told, ctx := Read(), context.Background()
	plugin := provider.Provider()
	settings := map[string]any{"url": told.URL, "basic_auth_username": told.User, "basic_auth_password": told.Password}
	check(plugin.Configure(ctx, terraform.NewResourceConfigRaw(settings)))
	w := world{plugin.ResourcesMap["kafka-connect_connector"], plugin.Meta()}

	say("invalid", w.refused(wanted(told, told.Invalid())))
	first := wanted(told, told.Config)
	state := w.apply(nil, first)
	say("config", configOf(state))
	say("no drift", w.plan(w.refresh(state), first).Empty())
	second := wanted(told, told.Changed)
	state = w.apply(state, second)
	say("changed", configOf(state))
	say("no drift", w.plan(w.refresh(state), second).Empty())
	imported := Got(plugin.ImportState(ctx, &terraform.InstanceInfo{Type: "kafka-connect_connector"}, told.Connector))
	say("changed", configOf(w.refresh(imported[0])))
	_, diagnostics := w.resource.Apply(ctx, state, &terraform.InstanceDiff{Destroy: true}, w.meta)
	check(diagnostics)
	say("absent", configOf(w.refresh(state))["topic"] == "")
}
