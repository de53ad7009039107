// The client of the Terraform provider through a connector's life; it asks until its wishes are visible.
package main

import (
	"encoding/json"
	"strings"

	"github.com/ricardo-ch/go-kafka-connect/v3/lib/connectors"
	. "millrace.test/rest-clients/transcript"
)

// The client's errors are its call's name and the answer's body.
func refusal(err error) Refusal {
	var body struct {
		Status  int    `json:"error_code"`
		Message string `json:"message"`
	}
	_, text, _ := strings.Cut(Refused(err).Error(), " : ")
	Must(json.Unmarshal([]byte(text), &body))
	return Refusal{body.Status, body.Message}
}

func statesOf(status connectors.GetConnectorStatusResponse) States {
	states := States{status.ConnectorStatus["state"], []string{}}
	for _, task := range status.TasksStatus {
		states.Tasks = append(states.Tasks, task.State)
	}
	return states
}

func main() {
	told := Read()
	one := connectors.ConnectorRequest{Name: told.Connector}
	request := func(config map[string]string) connectors.CreateConnectorRequest {
		return connectors.CreateConnectorRequest{ConnectorRequest: one, Config: Loose(config)}
	}
	client := connectors.NewClient(told.URL)
	if told.User != "" {
		_, err := client.GetAll()
		Refused(err)
		Say("no way in", true)
		client.SetBasicAuth(told.User, told.Password)
	}
	say := func(step string, states States, err error) {
		Must(err)
		Say(step, Until(states, func() (States, error) {
			status, err := client.GetConnectorStatus(one)
			return statesOf(status), err
		}))
	}

	Say("absent", Got(client.GetConnector(one)).Code == 404)
	_, err := client.CreateConnector(request(told.Invalid()), true)
	Say("invalid", refusal(err))
	Must(client.DeployMultipleConnector([]connectors.CreateConnectorRequest{request(told.Config)}))
	_, err = client.CreateConnector(request(told.Config), true)
	Say("duplicate", refusal(err))
	say("running", AllAre("RUNNING"), nil)
	Say("listed", Got(client.GetAll()).Connectors)
	Say("config", Got(client.GetConnectorConfig(one)).Config)
	task := Got(client.GetAllTasks(one)).Tasks[0]
	Say("task", map[string]any{"connector": task.ID.Connector, "task": task.ID.TaskID, "config": task.Config})
	_, err = client.PauseConnector(one, true)
	say("paused", AllAre("PAUSED"), err)
	_, err = client.ResumeConnector(one, true)
	say("resumed", AllAre("RUNNING"), err)
	_, err = client.RestartConnector(one)
	say("restarted", AllAre("RUNNING"), err)
	_, err = client.RestartTask(connectors.TaskRequest{Connector: told.Connector})
	say("restarted task", AllAre("RUNNING"), err)
	Say("no drift", Got(client.IsUpToDate(told.Connector, Loose(told.Config))))
	Must(client.DeployConnector(request(told.Changed)))
	Say("changed", Got(client.GetConnector(one)).Config)
	Must(client.DeployConnector(request(told.Failing)))
	Say("failed", Until(Failed{States{"RUNNING", []string{"FAILED"}}, []bool{true}}, func() (Failed, error) {
		status, err := client.GetConnectorStatus(one)
		failed := Failed{statesOf(status), []bool{}}
		for _, task := range status.TasksStatus {
			failed.Traced = append(failed.Traced, Traced(task.Trace))
		}
		return failed, err
	}))
	Got(client.DeleteConnector(one, true))
	Say("deleted", Got(client.GetAll()).Connectors)
	_, err = client.RestartConnector(one)
	Say("nothing to restart", refusal(err))
}
