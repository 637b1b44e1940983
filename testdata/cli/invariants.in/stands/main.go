package main

import (
	"database/sql"
	"net/http"
)

type api struct{ db *sql.DB }

func (a *api) get(w http.ResponseWriter, r *http.Request) {
	var note string
	row := a.db.QueryRowContext(r.Context(), "SELECT note FROM orders WHERE id = $1", r.PathValue("id"))
	if err := row.Scan(&note); err != nil {
		http.Error(w, "not found", http.StatusNotFound)
		return
	}
	if note == "" {
		return
	}
	w.Write([]byte(note))
}

func main() {
	a := &api{}
	http.HandleFunc("GET /orders/{id}", a.get)
	http.ListenAndServe(":8080", nil)
}
