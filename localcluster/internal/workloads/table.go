// Package workloads makes sample workloads real: each row of a table becomes a Deployment and, if it asks for storage, a bound claim.
package workloads

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/validation"
)

const (
	// maxRows bounds a wrong file; a city has some hundred.
	maxRows = 10_000
	// maxReplicas bounds a typing error that would take hours to schedule.
	maxReplicas = 1_000
	// maxProblems is how many faults are listed at once: a file in the wrong format has one in every cell.
	maxProblems = 20
)

// columns are the table's, in this order.
var columns = []string{"namespace", "name", "replicas", "cpu", "memory", "storage", "pool"}

// Row is one workload. CPU and memory are those of each replica; the storage is one claim that all replicas share.
type Row struct {
	Line      int
	Namespace string
	Name      string
	Replicas  int32
	CPU       resource.Quantity
	Memory    resource.Quantity
	// Storage is zero for none.
	Storage resource.Quantity
	Pool    string
}

func (r Row) String() string { return r.Namespace + "/" + r.Name }

// Read reads the whole table and checks every cell, so that nothing is applied from a faulty one.
func Read(path string) ([]Row, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read workloads: %w", err)
	}
	defer file.Close()
	rows, err := parse(file)
	if err != nil {
		return nil, fmt.Errorf("workloads in %s can't be used, and nothing was applied:\n%w", path, err)
	}
	return rows, nil
}

func parse(source io.Reader) ([]Row, error) {
	reader := csv.NewReader(source)
	header, err := reader.Read()
	if err != nil {
		return nil, fmt.Errorf("read the first line, which names the columns: %w", err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	if !slices.Equal(header, columns) {
		return nil, fmt.Errorf("line 1: the columns are %s, and should be %s", strings.Join(header, ","), strings.Join(columns, ","))
	}
	var rows []Row
	var problems []error
	lineOf := map[string]int{}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.Join(append(problems, err)...)
		}
		line, _ := reader.FieldPos(0)
		row, faults := parseRow(line, record)
		if before, found := lineOf[row.String()]; found {
			faults = append(faults, fmt.Errorf("line %d: %s is there already, in line %d", line, row, before))
		}
		lineOf[row.String()] = line
		problems = append(problems, faults...)
		rows = append(rows, row)
		if len(rows) > maxRows {
			return nil, fmt.Errorf("more than %d rows", maxRows)
		}
	}
	if len(problems) > maxProblems {
		more := len(problems) - maxProblems
		problems = append(problems[:maxProblems], fmt.Errorf("and %d more", more))
	}
	return rows, errors.Join(problems...)
}

// parseRow reports all faults of a row at once.
func parseRow(line int, record []string) (Row, []error) {
	row := Row{Line: line, Namespace: record[0], Name: record[1], Pool: record[6]}
	var faults []error
	fault := func(column, value, reason string) {
		faults = append(faults, fmt.Errorf("line %d, column %s: %q: %s", line, column, value, reason))
	}
	names := []struct{ column, value string }{{"namespace", row.Namespace}, {"name", row.Name}, {"pool", row.Pool}}
	for _, name := range names {
		if problems := validation.IsDNS1123Label(name.value); len(problems) > 0 {
			fault(name.column, name.value, problems[0])
		}
	}
	replicas, err := strconv.ParseInt(record[2], 10, 32)
	if err != nil || replicas < 0 || replicas > maxReplicas {
		fault("replicas", record[2], fmt.Sprintf("must be a number from 0 to %d", maxReplicas))
	}
	row.Replicas = int32(replicas)
	amounts := []struct {
		column   string
		text     string
		amount   *resource.Quantity
		optional bool
	}{
		{"cpu", record[3], &row.CPU, false},
		{"memory", record[4], &row.Memory, false},
		{"storage", record[5], &row.Storage, true},
	}
	for _, cell := range amounts {
		if cell.text == "" && cell.optional {
			continue
		}
		amount, err := resource.ParseQuantity(cell.text)
		switch {
		case err != nil:
			fault(cell.column, cell.text, "must be an amount like 8, 500m, 128G or 10T")
		case amount.Sign() < 0 || (amount.IsZero() && !cell.optional):
			fault(cell.column, cell.text, "must be more than zero")
		default:
			*cell.amount = amount
		}
	}
	return row, faults
}
