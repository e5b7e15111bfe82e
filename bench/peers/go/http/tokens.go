package main

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	callerLifetime = 30 * time.Second
	shardCount     = 16
	shardCapacity  = 10_000 / shardCount
)

type caller struct {
	Subject   string    `json:"subject"`
	Username  string    `json:"username"`
	Roles     []string  `json:"roles"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (c *caller) mayRead() bool {
	return slices.Contains(c.Roles, "user") || slices.Contains(c.Roles, "admin")
}

type entry struct {
	caller *caller
	end    time.Time
}

type shard struct {
	mutex   sync.RWMutex
	entries map[[sha256.Size]byte]entry
}

// tokenCache knows whose a token is, by its digest, and asks the identity service where it does not.
type tokenCache struct {
	shards [shardCount]shard
	client *http.Client
	url    string
}

func newTokenCache(identityURL, authority string) (*tokenCache, error) {
	pem, err := os.ReadFile(authority)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate", authority)
	}
	cache := &tokenCache{
		client: &http.Client{
			Timeout:   5 * time.Second,
			Transport: &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots}},
		},
		url: identityURL + "/v1/token/validate",
	}
	for i := range cache.shards {
		cache.shards[i].entries = make(map[[sha256.Size]byte]entry)
	}
	return cache, nil
}

// verify returns nil for a token that is refused.
func (c *tokenCache) verify(ctx context.Context, token string) (*caller, error) {
	key := sha256.Sum256([]byte(token))
	home := &c.shards[key[0]%shardCount]
	now := time.Now()
	home.mutex.RLock()
	known, ok := home.entries[key]
	home.mutex.RUnlock()
	if ok && now.Before(known.end) {
		return known.caller, nil
	}
	found, err := c.ask(ctx, token)
	if err != nil || found == nil {
		return nil, err
	}
	end := now.Add(callerLifetime)
	if found.ExpiresAt.Before(end) {
		end = found.ExpiresAt
	}
	home.put(key, entry{found, end}, now)
	return found, nil
}

func (s *shard) put(key [sha256.Size]byte, value entry, now time.Time) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.entries) >= shardCapacity {
		s.makeRoom(now)
	}
	s.entries[key] = value
}

// makeRoom drops what has ended, or any entry where nothing has.
func (s *shard) makeRoom(now time.Time) {
	for key, value := range s.entries {
		if now.After(value.end) {
			delete(s.entries, key)
		}
	}
	for key := range s.entries {
		if len(s.entries) < shardCapacity {
			return
		}
		delete(s.entries, key)
	}
}

func (c *tokenCache) ask(ctx context.Context, token string) (*caller, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := c.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("identity service: status %d", response.StatusCode)
	}
	var answer struct {
		Valid bool `json:"valid"`
		caller
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if !answer.Valid || !time.Now().Before(answer.ExpiresAt) {
		return nil, nil
	}
	return &answer.caller, nil
}
