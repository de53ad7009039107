// The client of Redpanda Console through a connector's life.
package main

import (
	"context"
	"errors"

	connect "github.com/cloudhut/connect-client"
	. "millrace.test/rest-clients/transcript"
)

func refusal(err error) Refusal {
	var refused connect.ApiError
	if !errors.As(Refused(err), &refused) {
		Must(err)
	}
	return Refusal{refused.ErrorCode, refused.Message}
}

func statesOf(status connect.ConnectorStateInfo) States {
	states := States{status.Connector.State, []string{}}
	for _, task := range status.Tasks {
		states.Tasks = append(states.Tasks, task.State)
	}
	return states
}

func main() {
	told, ctx := Read(), context.Background()
	name, class := told.Connector, told.Config["connector.class"]
	client := connect.NewClient(connect.WithHost(told.URL), connect.WithBasicAuth(told.User, told.Password))
	create := connect.CreateConnectorRequest{Name: name, Config: Loose(told.Config)}
	say := func(step string, states States, err error) {
		Must(err)
		Say(step, Until(states, func() (States, error) {
			status, err := client.GetConnectorStatus(ctx, name)
			return statesOf(status), err
		}))
	}

	Say("server", Got(client.GetRoot(ctx)).Version)
	for _, plugin := range Got(client.GetConnectorPlugins(ctx)) {
		if plugin.Class == class {
			Say("plugin", map[string]string{"class": plugin.Class, "type": plugin.Type, "version": plugin.Version})
		}
	}
	options := connect.ValidateConnectorConfigOptions{Config: Loose(told.Invalid())}
	validated := Got(client.PutValidateConnectorConfig(ctx, class, options))
	for _, one := range validated.Configs {
		if one.Value["name"] == "topic" {
			Say("validated", map[string]any{"errors": validated.ErrorCount, "topic": one.Value["errors"]})
		}
	}
	if told.User != "" {
		_, err := connect.NewClient(connect.WithHost(told.URL)).ListConnectors(ctx)
		Refused(err)
		Say("no way in", true)
	}
	_, err := client.GetConnector(ctx, name)
	Say("missing", refusal(err))
	_, err = client.CreateConnector(ctx, connect.CreateConnectorRequest{Name: name, Config: Loose(told.Invalid())})
	Say("invalid", refusal(err))
	created := Got(client.CreateConnector(ctx, create))
	Say("created", map[string]any{"name": created.Name, "type": created.Type, "config": created.Config})
	_, err = client.CreateConnector(ctx, create)
	Say("duplicate", refusal(err))
	say("running", AllAre("RUNNING"), nil)
	Say("listed", Got(client.ListConnectors(ctx)))
	expanded := Got(client.ListConnectorsExpanded(ctx))[name]
	states := statesOf(expanded.Status)
	Say("expanded", map[string]any{
		"type": expanded.Info.Type, "config": expanded.Info.Config, "connector": states.Connector, "tasks": states.Tasks,
	})
	Say("info", Got(client.GetConnector(ctx, name)))
	Say("config", Got(client.GetConnectorConfig(ctx, name)))
	topics := func() ([]string, error) {
		topics, err := client.GetConnectorTopics(ctx, name)
		return topics[name].Topics, err
	}
	Say("topics", Until([]string{told.Config["topic"]}, topics))
	Must(client.ResetConnectorTopics(ctx, name))
	Say("topics reset", Until([]string{}, topics))
	say("paused", AllAre("PAUSED"), client.PauseConnector(ctx, name))
	say("resumed", AllAre("RUNNING"), client.ResumeConnector(ctx, name))
	say("restarted", AllAre("RUNNING"), client.RestartConnector(ctx, name, connect.RestartConnectorOptions{}))
	with := connect.RestartConnectorOptions{IncludeTasks: true}
	say("restarted with tasks", AllAre("RUNNING"), client.RestartConnector(ctx, name, with))
	say("restarted task", AllAre("RUNNING"), client.RestartConnectorTask(ctx, name, 0))
	say("stopped", States{"STOPPED", []string{}}, client.StopConnector(ctx, name))
	changed := connect.PutConnectorConfigOptions{Config: Loose(told.Changed)}
	Say("changed", Got(client.PutConnectorConfig(ctx, name, changed)).Config)
	failing := connect.PutConnectorConfigOptions{Config: Loose(told.Failing)}
	Got(client.PutConnectorConfig(ctx, name, failing))
	Must(client.ResumeConnector(ctx, name))
	Say("failed", Until(Failed{States{"RUNNING", []string{"FAILED"}}, []bool{true}}, func() (Failed, error) {
		status, err := client.GetConnectorStatus(ctx, name)
		failed := Failed{statesOf(status), []bool{}}
		for _, task := range status.Tasks {
			failed.Traced = append(failed.Traced, Traced(task.Trace))
		}
		return failed, err
	}))
	Must(client.DeleteConnector(ctx, name))
	Say("deleted", Got(client.ListConnectors(ctx)))
	_, err = client.GetConnectorConfig(ctx, name)
	Say("gone", refusal(err))
}
