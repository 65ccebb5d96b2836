// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package look

import (
	"context"
	"slices"

	"github.com/ordercloud-operator/ordercloud-operator/internal/ordercloud"
)

// configKey names one impersonation config, or all of them.
type configKey struct {
	id    string
	every bool
}

var everyConfig = configKey{every: true}

// configAnswer is what is there under a configKey.
type configAnswer struct {
	config ordercloud.ImpersonationConfig
	every  []ordercloud.ImpersonationConfig
	// err is why there is no list of all though others were answered.
	err error
}

// configs looks impersonation configs up by their IDs. When somebody waits for all
// of them, the list of all answers everybody, however many: each of its pages is
// asked for after they did.
type configs struct {
	collection[ordercloud.ImpersonationConfig]

	// latest is the latest list of all.
	latest *listing
}

func (c configs) choose(waiting []configKey, urgent bool) ([]configKey, bool) {
	// An edit waits for one call, and not for all pages of the list.
	if slices.Contains(waiting, everyConfig) && (!urgent || waiting[0] == everyConfig) {
		return waiting, false
	}
	return fit(waiting, c.url+byID, func(key configKey) (string, bool) { return key.id, !key.every })
}

func (c configs) one(ctx context.Context, key configKey) (configAnswer, bool, error) {
	if key.every {
		listed, err := c.list(ctx)
		return configAnswer{every: listed}, err == nil, err
	}
	config, found, err := c.collection.one(ctx, key.id)
	return configAnswer{config: config}, found, err
}

func (c configs) many(ctx context.Context, keys []configKey) (found map[configKey]configAnswer, unsure []configKey, err error) {
	var ids []string
	for _, key := range keys {
		if !key.every {
			ids = append(ids, key.id)
		}
	}
	answers := configAnswers{found: map[configKey]configAnswer{}}
	if len(ids) == len(keys) {
		configs, unsure, err := c.collection.many(ctx, ids)
		answers.add(configs, unsure)
		return answers.found, answers.unsure, err
	}
	listed, err := c.list(ctx)
	if err != nil && isOfAll(err) {
		return nil, nil, err
	}
	answers.found[everyConfig] = configAnswer{every: listed, err: err}
	if err == nil {
		ids = answers.addListed(ids, listed)
	}
	err = c.addByID(ctx, ids, &answers)
	return answers.found, answers.unsure, err
}

// addByID asks for those by their IDs of whom the list of all has told nothing, as if
// nobody had asked for it. Only such an answer says that one is missing: a create
// would follow, and a list that skips an object looks like any other.
func (c configs) addByID(ctx context.Context, ids []string, answers *configAnswers) error {
	for len(ids) > 0 {
		chosen, _ := c.collection.choose(ids, false)
		if len(chosen) == 1 {
			answers.add(nil, chosen)
		} else {
			found, unsure, err := c.collection.many(ctx, chosen)
			if err != nil {
				return err
			}
			answers.add(found, unsure)
		}
		ids = ids[len(chosen):]
	}
	return nil
}

// list lists all impersonation configs.
func (c configs) list(ctx context.Context) (listed []ordercloud.ImpersonationConfig, err error) {
	end := c.latest.begin()
	defer func() { end(listed, err) }()
	listed = []ordercloud.ImpersonationConfig{}
	for config, err := range every(ctx, c.objects, c.observer) {
		if err != nil {
			return nil, err
		}
		listed = append(listed, config)
	}
	return listed, nil
}

// configAnswers gathers the answers to a batch.
type configAnswers struct {
	found  map[configKey]configAnswer
	unsure []configKey
}

func (a *configAnswers) add(found map[string]ordercloud.ImpersonationConfig, unsure []string) {
	for id, config := range found {
		a.found[configKey{id: id}] = configAnswer{config: config}
	}
	for _, id := range unsure {
		a.unsure = append(a.unsure, configKey{id: id})
	}
}

// addListed answers those whose config was listed, and returns the others.
func (a *configAnswers) addListed(ids []string, listed []ordercloud.ImpersonationConfig) (others []string) {
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	for _, config := range listed {
		if wanted[config.ID] {
			a.found[configKey{id: config.ID}] = configAnswer{config: config}
		}
	}
	return slices.DeleteFunc(ids, func(id string) bool {
		_, ok := a.found[configKey{id: id}]
		return ok
	})
}
