// Package kafka is how our services read and write topics: handlers by topic, manual commits, dead letters.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Message is one record as handlers see it.
type Message struct {
	Topic   string
	Key     string
	Value   []byte
	Headers map[string]string
}

// Handler does the work of one message. An error leaves the message uncommitted.
type Handler func(ctx context.Context, msg Message) error

// Config of a consumer group.
type Config struct {
	Brokers []string
	Group   string
}

// Consumer polls the topics it has handlers for.
type Consumer struct {
	client   *kgo.Client
	handlers map[string]Handler
	log      *slog.Logger
}

// NewConsumer joins the group. Offsets are committed only after a handler returned without error.
func NewConsumer(cfg Config, log *slog.Logger) (*Consumer, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cfg.Brokers...),
		kgo.ConsumerGroup(cfg.Group),
		kgo.DisableAutoCommit(),
	)
	if err != nil {
		return nil, fmt.Errorf("kafka: new client: %w", err)
	}
	return &Consumer{client: client, handlers: make(map[string]Handler), log: log}, nil
}

// AddHandler registers what happens with messages of a topic. It panics when a topic has a handler already.
func (c *Consumer) AddHandler(topic string, h Handler) {
	if _, ok := c.handlers[topic]; ok {
		panic("kafka: two handlers for " + topic)
	}
	c.handlers[topic] = h
	c.client.AddConsumeTopics(topic)
}

// Run polls until the context ends.
func (c *Consumer) Run(ctx context.Context) error {
	defer c.client.Close()
	for {
		fetches := c.client.PollFetches(ctx)
		if err := ctx.Err(); err != nil {
			return nil
		}
		fetches.EachError(func(topic string, partition int32, err error) {
			c.log.Error("fetch failed", "topic", topic, "partition", partition, "error", err)
		})
		for iter := fetches.RecordIter(); !iter.Done(); {
			record := iter.Next()
			if err := c.dispatch(ctx, record); err != nil {
				return fmt.Errorf("kafka: %s/%d@%d: %w", record.Topic, record.Partition, record.Offset, err)
			}
			if err := c.client.CommitRecords(ctx, record); err != nil && !errors.Is(err, context.Canceled) {
				return fmt.Errorf("kafka: commit: %w", err)
			}
		}
	}
}

func (c *Consumer) dispatch(ctx context.Context, record *kgo.Record) error {
	handler, ok := c.handlers[record.Topic]
	if !ok {
		return nil
	}
	headers := make(map[string]string, len(record.Headers))
	for _, h := range record.Headers {
		headers[h.Key] = string(h.Value)
	}
	return handler(ctx, Message{
		Topic:   record.Topic,
		Key:     string(record.Key),
		Value:   record.Value,
		Headers: headers,
	})
}
