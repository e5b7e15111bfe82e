// The peer of db_load: the same loads on database/sql with one connection, as the Go library of the platform does it.
//
//	db write|read normal|full SECONDS FILE
package main

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	writers = 64
	readers = 8
	rows    = 100_000
	text    = "forty bytes that stand for a small entry."
)

type tally struct {
	operations, failures int64
	worst                time.Duration
}

type store struct {
	insert, find *sql.Stmt
}

func open(path, synchronous string) (*store, error) {
	db, err := sql.Open(driver, dataSource(path, synchronous))
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.Exec(`CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, thread INTEGER NOT NULL,
		number INTEGER NOT NULL, text TEXT NOT NULL)`); err != nil {
		return nil, err
	}
	insert, err := db.Prepare("INSERT INTO entries (thread, number, text) VALUES (?1, ?2, ?3)")
	if err != nil {
		return nil, err
	}
	find, err := db.Prepare("SELECT number, text FROM entries WHERE id = ?1")
	if err != nil {
		return nil, err
	}
	return &store{insert, find}, nil
}

func (s *store) add(thread int, number int64) error {
	_, err := s.insert.Exec(thread, number, text)
	return err
}

func (s *store) get(int, int64) error {
	id := rand.Int64N(rows) + 1
	var number int64
	var text string
	if err := s.find.QueryRow(id).Scan(&number, &text); err != nil {
		return err
	}
	if number != id-1 {
		return fmt.Errorf("row %d holds %d", id, number)
	}
	return nil
}

// start repeats an operation in goroutines; the returned function ends them and tells what they saw.
func start(count int, operation func(thread int, number int64) error) func() []tally {
	tallies := make([]tally, count)
	var stopped atomic.Bool
	var group sync.WaitGroup
	for thread := range tallies {
		group.Add(1)
		go func() {
			defer group.Done()
			var seen tally
			for number := int64(0); !stopped.Load(); number++ {
				begun := time.Now()
				if err := operation(thread, number); err != nil {
					if seen.failures++; seen.failures == 1 {
						log.Print(err)
					}
				} else {
					seen.operations++
				}
				seen.worst = max(seen.worst, time.Since(begun))
			}
			tallies[thread] = seen
		}()
	}
	return func() []tally {
		stopped.Store(true)
		group.Wait()
		return tallies
	}
}

func summary(tallies []tally) map[string]any {
	sum, least, most := tally{}, tallies[0].operations, tallies[0].operations
	for _, seen := range tallies {
		sum.operations += seen.operations
		sum.failures += seen.failures
		sum.worst = max(sum.worst, seen.worst)
		least = min(least, seen.operations)
		most = max(most, seen.operations)
	}
	return map[string]any{
		"operations": sum.operations, "failures": sum.failures, "least": least, "most": most,
		"worst_ms": float64(sum.worst.Microseconds()) / 1000,
	}
}

func (s *store) fill() error {
	for number := range int64(rows) {
		if err := s.add(0, number); err != nil {
			return err
		}
	}
	return nil
}

func run(load, synchronous, path string, length time.Duration) (map[string]any, error) {
	s, err := open(path, synchronous)
	if err != nil {
		return nil, err
	}
	if load == "write" {
		begun := time.Now()
		stopWriters := start(writers, s.add)
		time.Sleep(length)
		seconds := time.Since(begun).Seconds()
		return map[string]any{"seconds": seconds, "writers": summary(stopWriters())}, nil
	}
	if err := s.fill(); err != nil {
		return nil, err
	}
	begun := time.Now()
	stopWriter := start(1, s.add)
	stopReaders := start(readers, s.get)
	time.Sleep(length)
	seconds := time.Since(begun).Seconds()
	return map[string]any{
		"seconds": seconds, "readers": summary(stopReaders()), "writers": summary(stopWriter()), "filled": rows,
	}, nil
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: db write|read normal|full SECONDS FILE")
		os.Exit(64)
	}
	seconds, err := strconv.ParseFloat(os.Args[3], 64)
	if err != nil {
		log.Fatal(err)
	}
	result, err := run(os.Args[1], os.Args[2], os.Args[4], time.Duration(seconds*float64(time.Second)))
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}
