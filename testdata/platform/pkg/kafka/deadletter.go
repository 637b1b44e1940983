package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// DeadLetter wraps handlers so that a message which keeps failing is set aside instead of blocking its partition.
type DeadLetter struct {
	Producer *Producer
	Topic    string
	Attempts int
	Log      *slog.Logger
}

// Wrap retries the handler and publishes the message to the dead-letter topic when it gives up.
func (d DeadLetter) Wrap(name string, next Handler) Handler {
	return func(ctx context.Context, msg Message) error {
		var err error
		for attempt := 1; attempt <= d.Attempts; attempt++ {
			if err = next(ctx, msg); err == nil {
				return nil
			}
			d.Log.Warn("handler failed", "handler", name, "attempt", attempt, "error", err)
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(attempt) * 200 * time.Millisecond):
			}
		}
		headers := map[string]string{"x-handler": name, "x-topic": msg.Topic, "x-error": err.Error()}
		if perr := d.Producer.Publish(ctx, d.Topic, msg.Key, msg.Value, headers); perr != nil {
			return fmt.Errorf("dead letter after %w: %w", err, perr)
		}
		return nil
	}
}
