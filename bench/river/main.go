// River's durable jobs a second on SQLite, for bench/river.py: N jobs put in beforehand, workers that do nothing, until
// all are completed. Prints one JSON line. The database is opened as Slipway opens its own: WAL and synchronous=FULL.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite"
)

type args struct {
	Payload string `json:"payload"`
}

func (args) Kind() string { return "nothing" }

type worker struct{ river.WorkerDefaults[args] }

var worked atomic.Int64

func (worker) Work(context.Context, *river.Job[args]) error {
	worked.Add(1)
	return nil
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	file := os.Args[1]
	jobs, err := strconv.Atoi(os.Args[2])
	check(err)
	ctx := context.Background()
	db, err := sql.Open("sqlite", "file:"+file+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)&_txlock=immediate")
	check(err)
	db.SetMaxOpenConns(1) // as River's documentation asks of SQLite
	driver := riversqlite.New(db)
	migrator, err := rivermigrate.New(driver, nil)
	check(err)
	_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	check(err)

	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{})
	client, err := river.NewClient(driver, &river.Config{
		Logger:            slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
		Queues:            map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 1000}},
		Workers:           workers,
		FetchCooldown:     time.Millisecond,
		FetchPollInterval: 10 * time.Millisecond,
	})
	check(err)
	payload := args{Payload: strings.Repeat("x", 1000)}
	for done := 0; done < jobs; done += 1000 {
		var batch []river.InsertManyParams
		for i := done; i < done+1000 && i < jobs; i++ {
			batch = append(batch, river.InsertManyParams{Args: payload})
		}
		_, err = client.InsertMany(ctx, batch)
		check(err)
	}

	began := time.Now()
	check(client.Start(ctx))
	// Completions are written in batches after the work. The table is asked when all is worked, not before: one
	// connection serves both.
	for left := 1; left > 0; {
		time.Sleep(5 * time.Millisecond)
		if time.Since(began) > 2*time.Minute {
			check(fmt.Errorf("River did not end within two minutes"))
		}
		if worked.Load() >= int64(jobs) {
			check(db.QueryRowContext(ctx, "SELECT count(*) FROM river_job WHERE state <> 'completed'").Scan(&left))
		}
	}
	took := time.Since(began).Seconds()
	check(client.Stop(ctx))
	check(json.NewEncoder(os.Stdout).Encode(map[string]float64{"jobs": float64(jobs), "seconds": took,
		"jobs_per_second": float64(jobs) / took}))
}
