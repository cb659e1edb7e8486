// msgstore from Go, with database/sql and lib/pq.  Usage: go run go_pq.go STORE
package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"

	"github.com/lib/pq"
)

// Message is a message in a store.
type Message struct {
	ms        *sql.DB
	store, id int64
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func toJSON(value interface{}) string {
	text, err := json.Marshal(value)
	check(err)
	return string(text)
}

// Save saves changes of a version, and returns the name of the outcome.
func (m Message) Save(number int64, changes interface{}, actor string) string {
	var result string
	check(m.ms.QueryRow(
		`SELECT result FROM msgstore.save_message($1, $2, $3, $4, actor => $5)`,
		m.store, m.id, number, toJSON(changes), actor).Scan(&result))
	return result
}

// Append appends to the body: read, edit, save, and again on a conflict.
func (m Message) Append(line string) string {
	for {
		var text []byte
		var props struct {
			Number int64  `json:"PidTagChangeNumber"`
			Body   string `json:"PR_BODY"`
		}
		check(m.ms.QueryRow(`SELECT msgstore.read_message($1, $2)`,
			m.store, m.id).Scan(&text))
		check(json.Unmarshal(text, &props))
		result := m.Save(props.Number,
			map[string]string{"PR_BODY": props.Body + line}, "bob")
		if result != "MAPI_E_OBJECT_CHANGED" {
			return result
		}
	}
}

func main() {
	ms, err := sql.Open("postgres", "sslmode=disable")
	check(err)
	m := Message{ms: ms}
	var result string
	var n int64
	check(ms.QueryRow(`SELECT msgstore.create_store($1)`, os.Args[1]).Scan(&m.store))
	check(ms.QueryRow(
		`SELECT result, message_id, change_number
		 FROM msgstore.save_new_message($1::bigint,
		     msgstore.special_folder($1::bigint, 'Inbox'), $2)`,
		m.store, toJSON(map[string]string{
			"PR_SUBJECT": "Printer on fire", "PR_BODY": "It smokes."})).
		Scan(&result, &m.id, &n))
	fmt.Println("created:", result)

	// Ann saves.  Bob, who read the message before, is refused, and loses nothing.
	fmt.Println("ann:", m.Save(n,
		map[string]string{"PR_SUBJECT": "Printer on fire (2nd floor)"}, "ann"))
	edits := map[string]int{"PR_IMPORTANCE": 2}
	fmt.Println("bob:", m.Save(n, edits, "bob"))

	// The report: both changes, compared with the version that Bob read.
	report, err := ms.Query(
		`SELECT property, theirs, side, coalesce(changed_by, '-')
		 FROM msgstore.conflict($1, $2, $3, $4)`, m.store, m.id, n, toJSON(edits))
	check(err)
	for report.Next() {
		var property, theirs, side, by string
		check(report.Scan(&property, &theirs, &side, &by))
		fmt.Println("conflict:", property, theirs, side, by)
	}
	check(report.Err())

	// No property was changed by both, so Bob's edits are merged.
	check(ms.QueryRow(
		`SELECT result FROM msgstore.resolve_conflict(
		     $1, $2, $3, $4, 'MERGE', actor => 'bob')`,
		m.store, m.id, n, toJSON(edits)).Scan(&result))
	fmt.Println("merged:", result)
	fmt.Println("appended:", m.Append(" Fire brigade called."))

	// An attachment, in pieces.  A handle belongs to the session: one connection.
	conn, err := ms.Conn(context.Background())
	check(err)
	call := func(to interface{}, query string, args ...interface{}) {
		check(conn.QueryRowContext(context.Background(), query, args...).Scan(to))
	}
	var handle, attachment int32
	var size int64
	var ignored sql.NullString
	call(&handle, `SELECT msgstore.open_message($1, $2, 'MAPI_MODIFY')`, m.store, m.id)
	call(&attachment, `SELECT msgstore.create_attachment($1)`, handle)
	call(&ignored, `SELECT msgstore.set_props($1, $2)`, attachment,
		toJSON(map[string]interface{}{
			"PR_ATTACH_LONG_FILENAME": "photo.jpg", "PR_ATTACH_METHOD": 1}))
	for piece := 0; piece < 3; piece++ {
		call(&size, `SELECT msgstore.write_stream($1, 'PR_ATTACH_DATA_BIN', $2, $3)`,
			attachment, piece*100000, bytes.Repeat([]byte("x"), 100000))
	}
	call(&ignored, `SELECT msgstore.save_changes($1)`, attachment)
	call(&result, `SELECT msgstore.save_changes($1)`, handle)
	fmt.Println("attached:", result)
	call(&size, `SELECT msgstore.stream_size($1, 'PR_ATTACH_DATA_BIN')`, attachment)
	fmt.Println("bytes:", size)
	call(&ignored, `SELECT msgstore.close_object($1)`, handle)

	// Errors have a SQLSTATE of class MA.
	err = ms.QueryRow(`SELECT msgstore.read_message($1, 999999)`, m.store).
		Scan(&ignored)
	var failure *pq.Error
	if errors.As(err, &failure) {
		fmt.Println("error:", string(failure.Code))
	}
}
