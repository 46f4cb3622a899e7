<?php

declare(strict_types=1);

namespace Standin;

use Throwable;
use WHMCS\Database\Capsule;

/** The Module Settings of a product: the fields of ConfigOptions, by position, simple or all of them. */
final class ModuleSettings
{
    /** HTML of the fields. */
    public static function fields(array $product, bool $simple): string
    {
        $module = $product['servertype'];
        $params = Params::server((int) Capsule::table('tblservers')->where('type', $module)->where('disabled', 0)->value('id'));
        $options = Module::ask($module, 'ConfigOptions', $params);
        if (count($options) > 24) {
            Faults::add('answer', "{$module}_ConfigOptions has more than 24 fields", '/modules/servers/');
        }
        $html = '';
        foreach (array_keys($options) as $index => $name) {
            $number = $index + 1;
            $hidden = $simple && empty($options[$name]['SimpleMode']);
            $value = $product["configoption$number"] ?? '';
            $html .= $hidden ? '' : self::field($module, (string) $name, $options[$name], "packageconfigoption[$number]", (string) $value, $params);
        }
        return $html;
    }

    private static function field(string $module, string $name, array $option, string $input, string $value, array $params): string
    {
        $value = $value === '' ? (string) ($option['Default'] ?? '') : $value;
        $choices = self::choices($option['Options'] ?? []);
        $note = $option['Description'] ?? '';
        if (isset($option['Loader'])) {
            try {
                $choices = self::load($module, (string) $option['Loader'], $params);
            } catch (Throwable $error) {
                // Documented: the exception's message is shown to the admin. The field can then be typed in.
                $note = 'Error: ' . Page::e($error->getMessage());
            }
        }
        $e = Page::e(...);
        $body = match (true) {
            // The hidden one is sent where the box is not ticked, so that it can be unticked.
            $option['Type'] === 'yesno' => "<input type=\"hidden\" name=\"$input\" value=\"\">"
                . "<input type=\"checkbox\" name=\"$input\" value=\"on\"" . ($value === 'on' ? ' checked' : '') . '>',
            $option['Type'] === 'textarea' => "<textarea name=\"$input\">{$e($value)}</textarea>",
            $choices !== [] => self::select($input, $choices, $value),
            default => '<input type="' . ($option['Type'] === 'password' ? 'password' : 'text') . "\" name=\"$input\" value=\"{$e($value)}\">",
        };
        return '<label>' . $e($option['FriendlyName'] ?? $name) . " $body<small>$note</small></label>";
    }

    private static function select(string $input, array $choices, string $value): string
    {
        $html = '';
        foreach ($choices as $key => $label) {
            $chosen = (string) $key === $value ? ' selected' : '';
            $html .= '<option value="' . Page::e($key) . "\"$chosen>" . Page::e($label) . '</option>';
        }
        return "<select name=\"$input\">$html</select>";
    }

    private static function choices(array|string $options): array
    {
        return is_array($options) ? $options : array_combine(explode(',', $options), explode(',', $options));
    }

    private static function load(string $module, string $loader, array $params): array
    {
        $choices = Module::call($module, substr($loader, strlen($module) + 1), $params, 'page', throws: true);
        if (!is_array($choices)) {
            Module::wrong($module, $loader, 'an array of value and label', $choices);
            return [];
        }
        return $choices;
    }
}
