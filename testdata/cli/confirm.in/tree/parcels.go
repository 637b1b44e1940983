package main

import (
	"database/sql"
	"net/http"
)

type server struct{ db *sql.DB }

func (s *server) parcel(w http.ResponseWriter, r *http.Request) {
	var code string
	row := s.db.QueryRowContext(r.Context(), "SELECT door_code FROM parcels WHERE id = $1", r.PathValue("id"))
	if err := row.Scan(&code); err != nil {
		http.Error(w, "no such parcel", http.StatusNotFound)
		return
	}
	w.Write([]byte(code))
}

func main() {
	s := &server{}
	http.HandleFunc("GET /parcels/{id}", s.parcel)
	http.HandleFunc("POST /orders/{id}/note", s.note)
	http.ListenAndServe(":8080", nil)
}
