// Copyright The ordercloud-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package readable

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/pager"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// finder finds the objects that do not decode: the error of a list does not name them.
type finder struct {
	api        dynamic.Interface
	mapper     meta.RESTMapper
	scheme     *runtime.Scheme
	decoder    runtime.Decoder
	namespaces []string
}

func newFinder(config *rest.Config, options cache.Options) (*finder, error) {
	api, err := dynamic.NewForConfigAndClient(config, options.HTTPClient)
	if err != nil {
		return nil, fmt.Errorf("making the client that finds objects that cannot be decoded: %w", err)
	}
	namespaces := slices.Sorted(maps.Keys(options.DefaultNamespaces))
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	return &finder{
		api: api, mapper: options.Mapper, scheme: options.Scheme,
		decoder: serializer.NewCodecFactory(options.Scheme).UniversalDeserializer(), namespaces: namespaces,
	}, nil
}

// undecodable lists the objects of a kind that do not decode, as they are called in
// Unreadable. Values do not matter to who lists them in this way.
func (f *finder) undecodable(ctx context.Context, identity schema.GroupVersionKind) ([]string, error) {
	mapping, err := f.mapper.RESTMapping(identity.GroupKind(), identity.Version)
	if err != nil {
		return nil, fmt.Errorf("mapping the kind %s: %w", identity.Kind, err)
	}
	var found []string
	for _, namespace := range f.namespaces {
		resources := f.api.Resource(mapping.Resource).Namespace(namespace)
		pages := pager.New(func(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
			return resources.List(ctx, options)
		})
		err := pages.EachListItem(ctx, metav1.ListOptions{}, func(item runtime.Object) error {
			object, ok := item.(*unstructured.Unstructured)
			if !ok {
				return nil
			}
			name, err := f.nameUndecodable(object)
			if name != "" {
				found = append(found, name)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("listing objects of the kind %s: %w", identity.Kind, err)
		}
	}
	return found, nil
}

// nameUndecodable names an object that does not decode.
func (f *finder) nameUndecodable(object *unstructured.Unstructured) (string, error) {
	text, err := object.MarshalJSON()
	if err != nil {
		return "", fmt.Errorf("encoding an object: %w", err)
	}
	if _, _, err := f.decoder.Decode(text, nil, nil); err == nil {
		return "", nil
	}
	name := client.ObjectKeyFromObject(object).String()
	typed, err := f.scheme.New(object.GroupVersionKind())
	if err != nil {
		return "", fmt.Errorf("making an object: %w", err)
	}
	// The decoder's own error does not tell the field but in its text.
	if refused, ok := errors.AsType[*json.UnmarshalTypeError](json.Unmarshal(text, typed)); ok && refused.Field != "" {
		name += " (" + asInJSON(refused.Field) + ")"
	}
	return name, nil
}

// asInJSON leaves out of a path the embedded structs, which have Go's names.
func asInJSON(path string) string {
	parts := slices.DeleteFunc(strings.Split(path, "."), func(part string) bool {
		first, _ := utf8.DecodeRuneInString(part)
		return unicode.IsUpper(first)
	})
	return strings.Join(parts, ".")
}
