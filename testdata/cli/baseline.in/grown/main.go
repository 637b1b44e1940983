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
	w.Write([]byte(note))
}

func (a *api) remove(w http.ResponseWriter, r *http.Request) {
	if _, err := a.db.ExecContext(r.Context(), "DELETE FROM orders WHERE id = $1", r.PathValue("id")); err != nil {
		http.Error(w, "not removed", http.StatusInternalServerError)
	}
}

func (a *api) touch(w http.ResponseWriter, r *http.Request) {
	if _, err := a.db.ExecContext(r.Context(), "UPDATE orders SET note = note WHERE id = $1", r.PathValue("id")); err != nil {
		http.Error(w, "failed", http.StatusInternalServerError)
	}
}

func (a *api) purge(w http.ResponseWriter, r *http.Request) {
	if _, err := a.db.ExecContext(r.Context(), "DELETE FROM orders WHERE note = $1", r.PathValue("note")); err != nil {
		http.Error(w, "failed", http.StatusInternalServerError)
	}
}

func main() {
	a := &api{}
	http.HandleFunc("GET /orders/{id}", a.get)
	http.HandleFunc("DELETE /orders/{id}", a.remove)
	http.HandleFunc("POST /orders/{id}", a.touch)
	http.HandleFunc("DELETE /notes/{note}", a.purge)
	http.ListenAndServe(":8080", nil)
}
